"""Azure's own package for Python, driven line by line: {operation, given} comes in, {answer} or {refusal} goes out.

Operations and arguments have the names of the JavaScript client; bytes travel as {"$bytes": base64}.
"""
import base64
import inspect
import json
import re
import sys

from azure.cognitiveservices.vision.customvision.prediction import CustomVisionPredictionClient
from azure.cognitiveservices.vision.customvision.training import CustomVisionTrainingClient
from msrest.authentication import ApiKeyCredentials
from msrest.exceptions import HttpOperationError
from msrest.serialization import Model, full_restapi_key_transformer


def snake_case(name):
    return re.sub("([A-Z])", r"_\1", name).lower()


def camel_case(name):
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def operations_of(client):
    methods = inspect.getmembers(client, inspect.ismethod)
    return {camel_case(name): method for name, method in methods if not name.startswith("_") and name != "close"}


def value_of(given):
    return base64.b64decode(given["$bytes"]) if isinstance(given, dict) and "$bytes" in given else given


def arguments_of(method, given):
    """Some bodies are objects in JavaScript and their fields here."""
    known = inspect.signature(method).parameters
    arguments = {}
    for name, value in given.items():
        if snake_case(name) in known:
            arguments[snake_case(name)] = value_of(value)
        else:
            arguments.update({snake_case(field): part for field, part in value.items() if snake_case(field) in known})
    return arguments


def wire(answer):
    if isinstance(answer, Model):
        return answer.as_dict(keep_readonly=True, key_transformer=full_restapi_key_transformer)
    if isinstance(answer, list):
        return [wire(part) for part in answer]
    if inspect.isgenerator(answer) or hasattr(answer, "__next__"):
        return {"$bytes": base64.b64encode(b"".join(answer)).decode()}
    return answer


def refusal_of(error):
    told = getattr(error, "error", None)
    return {
        "status": error.response.status_code,
        "code": getattr(told, "code", None),
        "message": getattr(told, "message", None) or str(error),
    }


def main(url, key):
    training = CustomVisionTrainingClient(url, ApiKeyCredentials(in_headers={"Training-key": key}))
    prediction = CustomVisionPredictionClient(url, ApiKeyCredentials(in_headers={"Prediction-key": key}))
    operations = {**operations_of(training), **operations_of(prediction)}
    print(json.dumps(sorted(operations)), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        method = operations[asked["operation"]]
        try:
            said = {"answer": wire(method(**arguments_of(method, asked["given"])))}
        except HttpOperationError as error:
            said = {"refusal": refusal_of(error)}
        except Exception as error:
            said = {"fault": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


main(*sys.argv[1:])

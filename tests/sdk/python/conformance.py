"""Asks a server for whatever its OpenAPI document allows and for what it does not: schema, address and key."""
import sys

from schemathesis.cli import schemathesis

schema, url, key = sys.argv[1:]
schemathesis(
    [
        *("run", schema, "--url", url, "--header", f"Training-Key:{key}"),
        # Repeatable, and bounded: what fails here fails everywhere.
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--seed", "6", "--generation-deterministic"),
        *("--checks", "not_a_server_error,status_code_conformance", "--no-color"),
    ]
)

"""Takes the training steps of `reference-case.ts` in PyTorch.

    npx tsx tests/pytorch/write-case.ts | infra/python.sh tests/pytorch/reference.py > tests/pytorch/reference.json
    npx tsx tests/pytorch/write-case.ts | infra/python.sh tests/pytorch/reference.py --check

The second form compares with the committed file, whose numbers another processor may round otherwise.
"""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench" / "pytorch"))
from network import adamw, forward  # noqa: E402

torch.set_num_threads(1)
TOLERANCE = 1e-5


def to_tensor(numbers, shape):
    return torch.tensor(numbers, dtype=torch.float32).view(shape)


def loss_of(outputs, step, batch):
    """The losses of `losses.ts`: means over the pictures, sums over the classes."""
    shares = to_tensor(step["shares"], outputs["logits"].shape)
    presences = to_tensor(step["presences"], outputs["presence"].shape)
    return F.cross_entropy(outputs["logits"], shares) + \
        F.binary_cross_entropy_with_logits(outputs["presence"], presences, reduction="sum") / batch


def take_steps(case):
    network, batch, trained = case["network"], case["batchSize"], case["trained"]
    weights = {name: to_tensor(case["weights"][name], shape) for name, shape in network["parameters"].items()}
    averages = {name: weights[name].clone() for name in trained}
    for name in trained:
        weights[name].requires_grad_()
    optimiser = adamw(weights, trained, case["optimiser"], 0.0)
    losses, norms = [], []
    for step, rate in zip(case["steps"], case["learningRates"]):
        for group in optimiser.param_groups:
            group["lr"] = rate
        inputs = {name: to_tensor(step[name], (batch, *entry["shape"])) for name, entry in network["inputs"].items()}
        optimiser.zero_grad()
        loss = loss_of(forward(network, weights, inputs), step, batch)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_([weights[name] for name in trained],
                                                    case["optimiser"]["clipNorm"]).item())
        optimiser.step()
        losses.append(loss.item())
        with torch.no_grad():
            for name in trained:
                averages[name].lerp_(weights[name], 1 - case["average"])
    flat = {"weights": weights, "averages": averages}
    return {"losses": losses, "gradientNorms": norms,
            **{kind: {name: tensor.flatten().tolist() for name, tensor in tensors.items()}
               for kind, tensors in flat.items()}}


def numbers_in(value):
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers_in(value[key])]
    return [number for each in value for number in numbers_in(each)] if isinstance(value, list) else [value]


def check(result):
    committed = json.loads((pathlib.Path(__file__).parent / "reference.json").read_text())
    made, kept = numbers_in(result), numbers_in(committed)
    if len(made) != len(kept):
        sys.exit(f"reference.json has {len(kept)} numbers; PyTorch {torch.__version__} gives {len(made)}.")
    worst = max(abs(a - b) / max(abs(b), 1e-3) for a, b in zip(made, kept))
    print(f"{len(made)} numbers, largest relative difference {worst:.1e} (limit {TOLERANCE:.0e})")
    if worst > TOLERANCE:
        sys.exit("reference.json is stale; see the top of reference.py.")


result = take_steps(json.load(sys.stdin))
if "--check" in sys.argv:
    check(result)
else:
    print(json.dumps(result))

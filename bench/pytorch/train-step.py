"""The PyTorch side of `npm run bench train-step`: for every number of steps on standard input, the seconds they took, and
those of all processors together."""

import json
import sys
import time

import torch
import torch.nn.functional as F
from network import adamw, step

case = json.load(open(sys.argv[1]))
network, batch = case["network"], case["batchSize"]
torch.set_num_threads(case["threads"])
torch.manual_seed(1)
types = {"float32": torch.float32, "float16": torch.float16}
inputs = {name: torch.rand(batch, *entry["shape"]).to(types[entry["type"]]) for name, entry in network["inputs"].items()}
gradients = {name: torch.randn(batch, *entry["shape"]) * 1e-3 for name, entry in network["outputs"].items()}
weights = {name: torch.randn(shape) * 0.05 for name, shape in network["parameters"].items()}
for name in case["trained"]:
    weights[name].requires_grad_()
optimiser = adamw(weights, case["trained"], case["optimiser"], 1e-4, fused=True)


def with_gradients(results):
    torch.autograd.backward([results[name] for name in gradients], list(gradients.values()))


def with_loss(results):
    F.cross_entropy(results["logits"], shares).backward()


shares = torch.softmax(gradients["logits"], 1) if "logits" in gradients else None
backward = with_gradients if case["loss"] == "given gradients" else with_loss
for line in sys.stdin:
    started, processor_started = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        step(network, weights, case["trained"], optimiser, case["optimiser"]["clipNorm"], inputs, backward)
    print(time.perf_counter() - started, time.process_time() - processor_started, flush=True)

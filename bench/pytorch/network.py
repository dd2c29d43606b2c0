"""Runs a network of `workers/ml/trainer/network.ts`, as `description.ts` writes it, in PyTorch."""

import torch
import torch.nn.functional as F


def conv(x, weights, operation):
    parameters, geometry = operation["parameters"], operation["geometry"]
    weight = weights[parameters["weight"]]
    if "scale" in parameters:
        weight = weight * weights[parameters["scale"]].view(-1, 1, 1, 1)
    top, left, bottom, right = geometry["pads"]
    if top == bottom and left == right:
        padding = (top, left)
    else:
        x, padding = F.pad(x, (left, right, top, bottom)), 0
    bias = weights[parameters["bias"]] if "bias" in parameters else None
    return F.conv2d(x, weight, bias, geometry["stride"], padding, 1, geometry["groups"])


def linear(x, weights, operation):
    return F.linear(x, weights[operation["parameters"]["weight"]], weights[operation["parameters"]["bias"]])


def shift(x, weights, operation):
    return x + weights[operation["parameters"]["shift"]]


WITH_PARAMETERS = {"conv": conv, "linear": linear, "shift": shift}
PLAIN = {
    "relu": F.relu,
    "relu6": F.relu6,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "add": torch.add,
    "multiply": torch.mul,
    "upsample2": lambda x: F.interpolate(x, scale_factor=2, mode="nearest"),
    "globalAveragePool": lambda x: x.mean((2, 3)),
    "rootNormalise": lambda x: F.normalize(torch.sqrt(x + 1e-5), dim=1),
}


def forward(network, weights, inputs):
    """Outputs by name, from inputs by name."""
    values = {entry["value"]: inputs[name].float() for name, entry in network["inputs"].items()}
    for operation in network["operations"]:
        kind, arguments = operation["kind"], [values[name] for name in operation["inputs"]]
        if kind in PLAIN:
            result = PLAIN[kind](*arguments)
        else:
            result = WITH_PARAMETERS[kind](arguments[0], weights, operation)
        values[operation["output"]] = result
    return {name: values[entry["value"]] for name, entry in network["outputs"].items()}


def adamw(weights, trained, optimiser, learning_rate, **options):
    """AdamW that decays what has more than one dimension, as the trainer does."""
    groups = [
        {"params": [weights[name] for name in trained if weights[name].dim() > 1],
         "weight_decay": optimiser["weightDecay"]},
        {"params": [weights[name] for name in trained if weights[name].dim() <= 1], "weight_decay": 0.0},
    ]
    betas = (optimiser["beta1"], optimiser["beta2"])
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=learning_rate, betas=betas,
                             eps=optimiser.get("epsilon", 1e-8), **options)


def step(network, weights, trained, optimiser, clip_norm, inputs, backward):
    """One step; `backward` takes the outputs and goes down their loss. Returns the length of the gradient."""
    optimiser.zero_grad()
    backward(forward(network, weights, inputs))
    norm = torch.nn.utils.clip_grad_norm_([weights[name] for name in trained], clip_norm)
    optimiser.step()
    return norm

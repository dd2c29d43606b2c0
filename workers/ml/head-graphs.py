"""Development only: writes head-softmax.onnx and head-sigmoid.onnx, the loss of the linear head and its gradient.

    /tmp/venv/bin/python workers/ml/head-graphs.py        (needs the PyPI package onnx)

Inputs   X [N,D] features, Y [N,K] targets (0..1), sampleWeight [N], W [D,K], b [K], halfInvC [] = 1/(2C)
Outputs  loss [] (float64) = sum_n sampleWeight_n * loss_n + halfInvC * |W|^2,  gradW [D,K],  gradB [K]
The gradient of both losses with respect to the logits is sampleWeight * (probability - target), so it is written out
by hand. The losses are summed in float64 because the line search of L-BFGS compares nearly equal values.
"""

import pathlib

import onnx
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).parent


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def scalar(name, value, kind=TensorProto.FLOAT):
    return helper.make_tensor(name, kind, [], [value])


def softmax_rows():
    """Cross-entropy to a softmax: log-sum-exp minus the logit of the target."""
    return [
        node("LogSoftmax", ["Z"], "logP", axis=1),
        node("Exp", ["logP"], "P"),
        node("Mul", ["logP", "Y"], "picked"),
        node("Neg", ["picked"], "losses"),
    ]


def sigmoid_rows():
    """Binary cross-entropy from logits, stable for large |z|: max(z,0) - z*y + log(1 + exp(-|z|))."""
    return [
        node("Sigmoid", ["Z"], "P"),
        node("Relu", ["Z"], "positive"),
        node("Mul", ["Z", "Y"], "zy"),
        node("Abs", ["Z"], "size"),
        node("Neg", ["size"], "minusSize"),
        node("Exp", ["minusSize"], "small"),
        node("Add", ["small", "one"], "onePlus"),
        node("Log", ["onePlus"], "tail"),
        node("Sub", ["positive", "zy"], "hinge"),
        node("Add", ["hinge", "tail"], "losses"),
    ]


def build(rows):
    nodes = [node("MatMul", ["X", "W"], "XW"), node("Add", ["XW", "b"], "Z"), *rows]
    nodes += [
        node("Unsqueeze", ["sampleWeight", "axis1"], "weightColumn"),
        node("Mul", ["losses", "weightColumn"], "weighted"),
        node("Cast", ["weighted"], "weighted64", to=TensorProto.DOUBLE),
        node("ReduceSum", ["weighted64"], "dataLoss", keepdims=0),
        node("Cast", ["W"], "W64", to=TensorProto.DOUBLE),
        node("Mul", ["W64", "W64"], "W2"),
        node("ReduceSum", ["W2"], "norm2", keepdims=0),
        node("Cast", ["halfInvC"], "halfInvC64", to=TensorProto.DOUBLE),
        node("Mul", ["norm2", "halfInvC64"], "penalty"),
        node("Add", ["dataLoss", "penalty"], "loss"),
        node("Sub", ["P", "Y"], "error"),
        node("Mul", ["error", "weightColumn"], "dZ"),
        # gradW = X^T dZ; Gemm transposes inside the multiplication, without a copy of X.
        node("Gemm", ["X", "dZ"], "dataGradW", transA=1),
        node("Mul", ["halfInvC", "two"], "invC"),
        node("Mul", ["W", "invC"], "shrink"),
        node("Add", ["dataGradW", "shrink"], "gradW"),
        node("ReduceSum", ["dZ", "axis0"], "gradB", keepdims=0),
    ]
    shapes = {"X": ["N", "D"], "Y": ["N", "K"], "sampleWeight": ["N"], "W": ["D", "K"], "b": ["K"], "halfInvC": []}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    outputs = [
        helper.make_tensor_value_info("loss", TensorProto.DOUBLE, []),
        helper.make_tensor_value_info("gradW", TensorProto.FLOAT, ["D", "K"]),
        helper.make_tensor_value_info("gradB", TensorProto.FLOAT, ["K"]),
    ]
    constants = [
        *([scalar("one", 1.0)] if any("one" in n.input for n in nodes) else []),
        scalar("two", 2.0),
        helper.make_tensor("axis0", TensorProto.INT64, [1], [0]),
        helper.make_tensor("axis1", TensorProto.INT64, [1], [1]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "head", inputs, outputs, constants),
                              opset_imports=[helper.make_opsetid("", 17)], producer_name="taglens")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


for kind, rows in (("softmax", softmax_rows()), ("sigmoid", sigmoid_rows())):
    onnx.save(build(rows), str(HERE / f"head-{kind}.onnx"))

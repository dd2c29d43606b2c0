"""Development only: writes head-softmax.onnx and head-sigmoid.onnx, the loss of the linear head and its gradient.

    /tmp/venv/bin/python workers/ml/classification/head-graphs.py        (needs the PyPI package onnx)

Several problems that differ in their sample weights alone (the folds of a cross-validation) are computed at once: F of them
share the features, which makes the multiplications F times as wide and far better used.

Inputs   X [N,D] features, Y [N,K] targets (0..1), sampleWeight [N,F], W [F*K,D], b [F*K], halfInvC [] = 1/(2C)
Outputs  loss [F] (float64) = sum_n sampleWeight_nf * loss_nf + halfInvC * |W_f|^2,  gradW [F*K,D],  gradB [F*K]
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


def integers(name, values):
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def softmax_rows():
    """Cross-entropy to a softmax: log-sum-exp minus the logit of the target."""
    return [
        node("LogSoftmax", ["Z"], "logP", axis=2),
        node("Exp", ["logP"], "P"),
        node("Mul", ["logP", "Y3"], "picked"),
        node("Neg", ["picked"], "losses"),
    ]


def sigmoid_rows():
    """Binary cross-entropy from logits, stable for large |z|: max(z,0) - z*y + log(1 + exp(-|z|))."""
    return [
        node("Sigmoid", ["Z"], "P"),
        node("Relu", ["Z"], "positive"),
        node("Mul", ["Z", "Y3"], "zy"),
        node("Abs", ["Z"], "size"),
        node("Neg", ["size"], "minusSize"),
        node("Exp", ["minusSize"], "small"),
        node("Add", ["small", "one"], "onePlus"),
        node("Log", ["onePlus"], "tail"),
        node("Sub", ["positive", "zy"], "hinge"),
        node("Add", ["hinge", "tail"], "losses"),
    ]


def build(rows):
    nodes = [
        node("Gemm", ["X", "W", "b"], "flatZ", transB=1),
        node("Shape", ["Y"], "K", start=1),
        node("Concat", ["sameN", "rest", "K"], "shapeNFK", axis=0),
        node("Reshape", ["flatZ", "shapeNFK"], "Z"),
        node("Unsqueeze", ["Y", "axis1"], "Y3"),
        *rows,
        node("Unsqueeze", ["sampleWeight", "axis2"], "weight3"),
        node("Mul", ["losses", "weight3"], "weighted"),
        node("Cast", ["weighted"], "weighted64", to=TensorProto.DOUBLE),
        node("ReduceSum", ["weighted64", "axes02"], "dataLoss", keepdims=0),
        node("Shape", ["sampleWeight"], "F", start=1),
        node("Concat", ["F", "rest"], "shapeFx", axis=0),
        node("Reshape", ["W", "shapeFx"], "problemW"),
        node("Cast", ["problemW"], "W64", to=TensorProto.DOUBLE),
        node("Mul", ["W64", "W64"], "W2"),
        node("ReduceSum", ["W2", "axis1"], "norm2", keepdims=0),
        node("Cast", ["halfInvC"], "halfInvC64", to=TensorProto.DOUBLE),
        node("Mul", ["norm2", "halfInvC64"], "penalty"),
        node("Add", ["dataLoss", "penalty"], "loss"),
        node("Sub", ["P", "Y3"], "error"),
        node("Mul", ["error", "weight3"], "dZ3"),
        node("Shape", ["flatZ"], "shapeZ"),
        node("Reshape", ["dZ3", "shapeZ"], "dZ"),
        node("Mul", ["halfInvC", "two"], "invC"),
        node("Mul", ["W", "invC"], "shrink"),
        # gradW = dZ^T X + W / C; Gemm transposes inside the multiplication, without a copy.
        node("Gemm", ["dZ", "X", "shrink"], "gradW", transA=1),
        node("ReduceSum", ["dZ", "axis0"], "gradB", keepdims=0),
    ]
    shapes = {"X": ["N", "D"], "Y": ["N", "K"], "sampleWeight": ["N", "F"], "W": ["FK", "D"], "b": ["FK"], "halfInvC": []}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    outputs = [
        helper.make_tensor_value_info("loss", TensorProto.DOUBLE, ["F"]),
        helper.make_tensor_value_info("gradW", TensorProto.FLOAT, ["FK", "D"]),
        helper.make_tensor_value_info("gradB", TensorProto.FLOAT, ["FK"]),
    ]
    constants = [
        *([scalar("one", 1.0)] if any("one" in n.input for n in nodes) else []),
        scalar("two", 2.0),
        *(integers(name, values) for name, values in
          {"axis0": [0], "axis1": [1], "axis2": [2], "axes02": [0, 2], "sameN": [0], "rest": [-1]}.items()),
    ]
    model = helper.make_model(helper.make_graph(nodes, "head", inputs, outputs, constants),
                              opset_imports=[helper.make_opsetid("", 17)], producer_name="taglens")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


for kind, rows in (("softmax", softmax_rows()), ("sigmoid", sigmoid_rows())):
    onnx.save(build(rows), str(HERE / f"head-{kind}.onnx"))

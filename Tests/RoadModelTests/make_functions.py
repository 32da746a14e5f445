"""Writes Goldens/functions/*.onnx: one node of a function of one number a file,
with inputs and two other ways of computing it.

    pip install onnx onnxruntime numpy mpmath && python make_functions.py

In each file, as unused initializers: `golden_input`; `golden_exact`, by mpmath with 60 digits, rounded once to
binary32; and `golden_output`, by ONNX Runtime. The first 256 inputs are the numbers of a byte with scale 0.05 and
zero-point 128.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from mpmath import mp, mpf
from onnx import TensorProto, helper, numpy_helper

mp.dps = 60
HERE = Path(__file__).parent / "Goldens" / "functions"
LEVELS = np.float32(0.05) * np.arange(-128, 128).astype(np.float32)
RNG = np.random.default_rng(11)
OTHERS = np.concatenate([
    RNG.normal(0, 1, 60), RNG.normal(0, 8, 60), 10.0 ** RNG.uniform(-20, 2, 40) * RNG.choice([-1, 1], 40),
    [1e-30, -1e-30, 0.5, -0.5, 1, -1, 1.5, -1.5, 3, -3, 15, -15, 60, -60, 88.5, -87, 100, -100, 1000, -1000,
     123456, -123456],
]).astype(np.float32)


def real(attribute):
    """An attribute as a node holds it: a binary32 number."""
    return mpf(float(np.float32(attribute)))


def half_even(x):
    return mp.nint(x)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log1p(mp.exp(x))


def elu(x, alpha):
    return alpha * mp.expm1(x) if x < 0 else x


def gelu(x):
    return x / 2 * mp.erfc(-x / mp.sqrt(2))


def gelu_tanh(x):
    return x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))


def clamp(x):
    return min(max(x, mpf(0)), mpf(1))


FUNCTIONS = {
    # file: (operator, attributes, function[, domain of inputs])
    "abs": ("Abs", {}, abs), "ceil": ("Ceil", {}, mp.ceil), "floor": ("Floor", {}, mp.floor),
    "neg": ("Neg", {}, lambda x: -x), "round": ("Round", {}, half_even), "sign": ("Sign", {}, mp.sign),
    "cos": ("Cos", {}, mp.cos), "sin": ("Sin", {}, mp.sin), "erf": ("Erf", {}, mp.erf), "exp": ("Exp", {}, mp.exp),
    "tanh": ("Tanh", {}, mp.tanh), "sigmoid": ("Sigmoid", {}, sigmoid),
    "log": ("Log", {}, mp.log, "above"), "sqrt": ("Sqrt", {}, mp.sqrt, "above"),
    "reciprocal": ("Reciprocal", {}, lambda x: 1 / x, "nonzero"),
    "softplus": ("Softplus", {}, softplus), "softsign": ("Softsign", {}, lambda x: x / (1 + abs(x))),
    "mish": ("Mish", {}, lambda x: x * mp.tanh(softplus(x))),
    "hard-swish": ("HardSwish", {}, lambda x: x * clamp(x / 6 + mpf("0.5"))),
    "hard-sigmoid": ("HardSigmoid", dict(alpha=0.3, beta=0.4), lambda x: clamp(real(0.3) * x + real(0.4))),
    "leaky-relu": ("LeakyRelu", dict(alpha=0.2), lambda x: real(0.2) * x if x < 0 else x),
    "thresholded-relu": ("ThresholdedRelu", dict(alpha=0.7), lambda x: x if x > real(0.7) else mpf(0)),
    "elu": ("Elu", dict(alpha=1.3), lambda x: elu(x, real(1.3))),
    "celu": ("Celu", dict(alpha=0.8), lambda x: elu(x / real(0.8), mpf(1)) * real(0.8) if x < 0 else x),
    "selu": ("Selu", {}, lambda x: real(1.05070102) * elu(x, real(1.67326319))),
    "gelu": ("Gelu", {}, gelu), "gelu-tanh": ("Gelu", dict(approximate="tanh"), gelu_tanh),
    "shrink": ("Shrink", dict(bias=0.3, lambd=0.9),
               lambda x: x + real(0.3) if x < -real(0.9) else x - real(0.3) if x > real(0.9) else mpf(0)),
    "acos": ("Acos", {}, mp.acos, "share"), "asin": ("Asin", {}, mp.asin, "share"), "atan": ("Atan", {}, mp.atan),
    "acosh": ("Acosh", {}, mp.acosh, "one"), "asinh": ("Asinh", {}, mp.asinh),
    "atanh": ("Atanh", {}, mp.atanh, "within"),
    "cosh": ("Cosh", {}, mp.cosh), "sinh": ("Sinh", {}, mp.sinh), "tan": ("Tan", {}, mp.tan),
    "swish": ("Swish", dict(alpha=1.5), lambda x: x * sigmoid(real(1.5) * x)),
}
SINCE = {"Gelu": 20, "HardSwish": 14, "Mish": 18, "Swish": 24}
# ONNX Runtime has no kernel of these: the function that the ONNX standard defines, of operators that it has.
BODIES = {"Swish": lambda: [helper.make_node("Mul", ["x", "a"], ["s"]), helper.make_node("Sigmoid", ["s"], ["t"]),
                            helper.make_node("Mul", ["x", "t"], ["y"])]}


def nearest(value):
    """The binary32 number nearest to `value`, ties to even."""
    value = mp.mpf(value)
    if value == 0:
        return np.float32(0)
    exponent = max(int(mp.floor(mp.log(abs(value), 2))), -126)
    unit = mpf(2) ** (exponent - 23)
    with np.errstate(over="ignore"):
        return np.float32(float(mp.nint(value / unit) * unit))


def model(operator, attributes, count):
    nodes = [helper.make_node(operator, ["x"], ["y"], **attributes)]
    constants = []
    if operator in BODIES:
        nodes = BODIES[operator]()
        constants = [numpy_helper.from_array(np.float32(attributes["alpha"]), "a")]
    opset = 17 if operator in BODIES else SINCE.get(operator, 17)
    graph = helper.make_graph(
        nodes, operator, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [count])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [count])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def write(name, operator, attributes, function, domain="all"):
    x = np.concatenate([LEVELS, OTHERS])
    if domain == "above":
        x = np.where(x > 0, x, np.float32(1))
    if domain == "nonzero":
        x = np.where(x != 0, x, np.float32(1))
    if domain == "share":
        x = np.where(abs(x) <= 1, x, 1 / x)
    if domain == "within":
        x = np.where(abs(x) < 1, x, 0.999 / x)
    if domain == "one":
        x = np.maximum(abs(x), np.float32(1)) + np.where(abs(x) < 1, abs(x), 0)
    x = x.astype(np.float32)
    exact = np.array([nearest(function(mpf(float(v)))) for v in x], np.float32)
    session = onnxruntime.InferenceSession(
        model(operator, attributes, len(x)).SerializeToString(), providers=["CPUExecutionProvider"])
    peer = session.run(None, {"x": x})[0]
    node = helper.make_node(operator, ["x"], ["y"], name=name, **attributes)
    graph = helper.make_graph(
        [node], name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [len(x)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [len(x)])],
        [numpy_helper.from_array(v, f"golden_{k}") for k, v in dict(input=x, exact=exact, output=peer).items()])
    opset = max(17, SINCE.get(operator, 17))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10),
              HERE / f"{name}.onnx")
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.nanmax(np.abs(peer.astype(np.float64) - exact) / np.maximum(np.abs(exact.astype(np.float64)), 1))
    print(f"{name:20} ONNX Runtime differs by {error:.1e}")


HERE.mkdir(parents=True, exist_ok=True)
for name, entry in FUNCTIONS.items():
    write(name, *entry)

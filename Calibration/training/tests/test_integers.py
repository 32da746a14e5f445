"""Networks of integers against golden bytes and ONNX Runtime; and that they train."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from roadtrain.device import Device
from roadtrain.evaluate import exact_session
from roadtrain.export import export
from roadtrain.finetune import FineTuner, finetune, main, read_float_model, spread
from roadtrain.integers import law, qdq
from roadtrain.integers.law import Addition, Quantization, Rescaling
from roadtrain.integers.network import IntegerNetwork
from roadtrain.integers.ranges import Histogram, quantization, weight_shares, widest_scale
from roadtrain.networks import Normalised
from roadtrain.networks.blocks import conv_bn, resize
from roadtrain.pictures import load_pictures
from roadtrain.recipe import Recipe

GOLDENS = Path(__file__).parents[3] / "Tests/RoadEngineTests/Goldens"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.mark.parametrize("case", ["trained-branches", "trained-pyramid", "trained-steep"])
def test_golden_networks_give_their_bytes(case: str) -> None:
    """Bytes that the runtime's engine gives, too (RoadEngineTests): from the integers in the file, computed here
    plainly.
    """
    model = onnx.load(GOLDENS / f"{case}.onnx")
    height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[2:])
    inputs = dict(line.split("\t") for line in (GOLDENS / "inputs.tsv").read_text().splitlines())
    pixels = np.frombuffer((GOLDENS / "inputs" / f"{inputs[case]}.rgb").read_bytes(), np.uint8)
    pixels = pixels.reshape(height, width, 3)
    given = run_plainly(model, pixels.transpose(2, 0, 1).astype(np.float32))
    expected = np.frombuffer((GOLDENS / f"{case}.expected").read_bytes(), np.uint8)
    np.testing.assert_array_equal(given.transpose(1, 2, 0).ravel(), expected)


def run_plainly(model: onnx.ModelProto, image: np.ndarray) -> np.ndarray:
    """A QDQ graph by the laws in int64, node by node, without anything of `integers.network`."""
    constants = {v.name: onnx.numpy_helper.to_array(v) for v in model.graph.initializer}
    constants |= {n.output[0]: onnx.numpy_helper.to_array(n.attribute[0].t)
                  for n in model.graph.node if n.op_type == "Constant"}
    values: dict[str, object] = {model.graph.input[0].name: image}
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        match node.op_type:
            case "Constant":
                continue
            case "DequantizeLinear" if node.input[0] in constants:
                values[node.output[0]] = (constants[node.input[0]].astype(np.int64), constants[node.input[1]])
            case "DequantizeLinear":
                values[node.output[0]] = values[node.input[0]]
            case "Sub" | "Div":
                operator = np.subtract if node.op_type == "Sub" else np.divide
                values[node.output[0]] = operator(values[node.input[0]], constants[node.input[1]][0])
            case "QuantizeLinear":
                scale, zero = (constants[name] for name in node.input[1:3])
                values[node.output[0]] = finish(values[node.input[0]], Quantization(float(scale), int(zero)))
            case "Relu" | "Clip":
                bounds = (0.0, math.inf) if node.op_type == "Relu" else [float(constants[n]) for n in node.input[1:3]]
                values[node.output[0]] = (*values[node.input[0]][:-1], bounds)
            case _:
                values[node.output[0]] = (node.op_type, attributes, [values.get(n) for n in node.input],
                                          [constants.get(n) for n in node.input], (-math.inf, math.inf))
    return values[model.graph.output[0].name][0].astype(np.uint8)


def finish(value: object, out: Quantization) -> tuple[np.ndarray, Quantization]:
    """The bytes of what a QuantizeLinear reads: real numbers, or an operator that waits for its scale."""
    if isinstance(value, np.ndarray):
        return (np.round(value / np.float32(out.scale)) + out.zero_point).clip(0, 255).astype(np.int64), out
    operation, attributes, inputs, constants, bounds = value
    low, high = out.byte(bounds[0]), out.byte(bounds[1])
    x, q = inputs[0]
    match operation:
        case "Conv" | "ConvTranspose":
            (weights, scales), (bias, _) = inputs[1], inputs[2]
            plain = {k: attributes[k] for k in ("strides", "dilations", "group")}
            function = F.conv2d if operation == "Conv" else F.conv_transpose2d
            sums = function(torch.tensor(x - q.zero_point)[None].double(), torch.tensor(weights).double(), stride=plain[
                "strides"], dilation=plain["dilations"], groups=plain["group"], padding=attributes["pads"][:2])[0]
            accumulator = sums.to(torch.int64).numpy() + bias[:, None, None]
            scales = scales.astype(np.float64) * float(np.float32(q.scale)) / float(np.float32(out.scale))
            shift, multiplier = (v[:, None, None] for v in law.factors(scales))
            scales = scales[:, None, None]
            steep = np.floor(scales * accumulator + 0.5).astype(np.int64) + out.zero_point
            v = ((accumulator + np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)) >> shift).clip(-32768, 32767)
            bytes_ = np.where(multiplier < 0, steep, ((v * multiplier + 2**14) >> 15) + out.zero_point)
            return bytes_.clip(low, high), out
        case "Add":
            sum_ = Addition.of(q, inputs[1][1], out)
            total = x * sum_.left + inputs[1][0] * sum_.right + sum_.bias
            return ((total >> sum_.shift) + out.zero_point).clip(low, high), out
        case "Resize":
            assert out == q
            size = tuple(int(v) for v in constants[3][2:])
            return law.resize(torch.tensor(x)[None].to(torch.int32), size)[0].numpy().astype(np.int64), out
        case "MaxPool":
            assert out == q
            pooled = F.max_pool2d(torch.tensor(x).double()[None], attributes["kernel_shape"], attributes["strides"],
                                  ceil_mode=bool(attributes.get("ceil_mode", 0)))
            return pooled[0].to(torch.int64).numpy(), out
        case "Concat":
            levels = [np.float32(p.scale) * (np.arange(256) - p.zero_point).astype(np.float32) for _, p in inputs]
            tables = [finish(level, out)[0] for level in levels]
            return np.concatenate([table[part] for table, (part, _) in zip(tables, inputs)]), out
        case "ReduceMean":
            mean = Rescaling.of(float(np.float32(q.scale)) / float(np.float32(out.scale)) / x[0].size)
            total = (x - q.zero_point).sum((1, 2), keepdims=True)
            rounded = (total * mean.multiplier + (1 << (mean.shift - 1))) >> mean.shift
            return (rounded + out.zero_point).clip(low, high), out
        case "Slice":
            for start, end, axis in zip(constants[1], constants[2], constants[3]):
                x = x.take(range(int(start), min(int(end), x.shape[axis - 1])), axis - 1)
            return x, out
    raise AssertionError(operation)


class Small(nn.Module):
    """A network of one unit of each kind, quick to train."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_bn(3, 8, 3, 2), conv_bn(8, 8, 3, groups=8), conv_bn(8, 8, 1, activation=nn.ReLU6))
        self.side = conv_bn(3, 8, 3, 4, activation=None)
        self.score = nn.Conv2d(8, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        body = self.body(x)
        return self.score(F.relu(body + resize(self.side(x), body.shape[2:])))


def pictures(count: int, view: tuple[int, int] = (64, 96)) -> list[torch.Tensor]:
    torch.manual_seed(5)
    scenes = [F.interpolate(torch.rand(1, 3, 8, 8) * 255, size=view) + torch.randn(1, 3, *view) * 10
              for _ in range(count)]
    return [scene.clamp(0, 255).round() for scene in scenes]


def small(tmp_path: Path, gain: float = 1.0) -> IntegerNetwork:
    """`Small`, exported and calibrated. `gain`: what it makes of one channel of the depthwise convolution's input,
    which is as much smaller.
    """
    torch.manual_seed(0)
    model = Normalised(Small(), MEAN, STD)
    with torch.no_grad():
        model.network.body[0][1].weight[2] /= gain
        model.network.body[1][1].weight[2] *= gain
        model.train()(torch.cat(pictures(4)))
    export(model, (64, 96), tmp_path / "small.onnx")
    network = IntegerNetwork(onnx.load(tmp_path / "small.onnx"))
    network.calibrate(lambda: iter(pictures(4)), 0.9999)
    return network


def test_the_float_side_is_the_exported_network(tmp_path: Path) -> None:
    network = small(tmp_path)
    picture = pictures(1)[0]
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx", providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"image": picture.numpy()})[0]
    with torch.no_grad():
        np.testing.assert_allclose(network.real_forward(picture).numpy(), wanted, rtol=1e-3, atol=1e-4)
        steps = (network(picture).numpy() - wanted) / network.quantizations["logits"].scale
    assert np.abs(steps).mean() < 3 and np.abs(steps).max() < 20


def test_onnx_runtime_agrees_within_the_rounding_of_a_few_layers(tmp_path: Path) -> None:
    network = small(tmp_path)
    qdq.write(network, tmp_path / "int8.onnx", [("a.jpg", "0" * 64)])
    session = exact_session(str(tmp_path / "int8.onnx"))
    picture = pictures(1)[0]
    with torch.no_grad():
        difference = session.run(None, {"image": picture.numpy()})[0] - network(picture).numpy()
    steps = difference / network.quantizations["logits"].scale
    assert np.abs(steps).max() < 3.5 and (np.abs(steps) > 0.5).mean() < 0.25


def test_the_exported_graph_is_shaped_as_the_quantizers(tmp_path: Path) -> None:
    network = small(tmp_path)
    qdq.write(network, tmp_path / "int8.onnx", [("a.jpg", "0" * 64)])
    model = onnx.load(tmp_path / "int8.onnx")
    kinds = {v.name: v.data_type for v in model.graph.initializer}
    values = {v.name: onnx.numpy_helper.to_array(v) for v in model.graph.initializer}
    made_by = {n.output[0]: n for n in model.graph.node}
    for node in model.graph.node:
        if node.op_type == "Conv":
            sources = [made_by[name] for name in node.input]
            assert [s.op_type for s in sources] == ["DequantizeLinear"] * 3
            assert kinds[sources[1].input[0]] == onnx.TensorProto.INT8
            assert kinds[sources[2].input[0]] == onnx.TensorProto.INT32 and len(sources[2].input) == 2
        if node.op_type == "Resize":  # keeps its input's scale
            scale = made_by[node.input[0]].input[1]
            assert values[scale] == np.float32(network.quantizations[node.output[0]].scale)
    assert made_by["logits"].op_type == "DequantizeLinear"
    assert min(v.min() for v in values.values() if v.dtype == np.int8) == -127
    assert json.loads({p.key: p.value for p in model.metadata_props}[qdq.MANIFEST]) == {
        "pictures": [{"name": "a.jpg", "sha256": "0" * 64}]}
    assert list(tmp_path.glob("*.unfinished")) == []


def test_every_value_between_layers_is_a_byte_and_gradients_reach_every_weight(tmp_path: Path) -> None:
    network = small(tmp_path)
    scores = network.bytes(pictures(1)[0])
    assert torch.equal(scores, scores.round()) and scores.min() >= 0 and scores.max() <= 255
    network(pictures(1)[0]).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_float32_and_float64_accumulators_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = small(tmp_path)
    with torch.no_grad():
        quick = network.bytes(pictures(1)[0])
        monkeypatch.setattr("roadtrain.integers.network.EXACT_FLOAT32", 0)
        assert torch.equal(quick, network.bytes(pictures(1)[0]))


def test_a_channel_with_a_factor_of_1_and_more_is_what_is_written(tmp_path: Path) -> None:
    network = small(tmp_path, gain=1000)
    layer = network.graph.layers[1]
    factors = network.bias_scales(layer) / network.quantizations[layer.output].scale
    assert factors.max() > 1 and factors.median() < 0.1
    qdq.write(network, tmp_path / "int8.onnx")
    picture = pictures(1)[0]
    computed = network.bytes(picture)
    computed.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())
    written = run_plainly(onnx.load(tmp_path / "int8.onnx"), picture[0].numpy())
    np.testing.assert_array_equal(written, computed[0].detach().numpy())


def test_gradients_are_those_of_the_float_network(tmp_path: Path) -> None:
    """Rounding apart, the integer network is the float one: so should its gradient be."""
    network = small(tmp_path)
    picture = pictures(1)[0]
    found = []
    for forward in (network.real_forward, network):
        network.zero_grad()
        forward(picture).square().mean().backward()
        found.append(torch.cat([p.grad.flatten() for p in network.parameters()]))
    assert F.cosine_similarity(*found, 0) > 0.97


def test_ranges_are_the_quantizers(tmp_path: Path) -> None:
    """By hand: 0..255 in 255 equal steps, one value in ten thousand cut at each end."""
    assert quantization(-1.0, 1.55) == Quantization(float(np.float32(0.01)), 100)
    assert quantization(0.5, 2.55).zero_point == 0 and quantization(-2.55, -1.0).zero_point == 255
    values = torch.cat([torch.linspace(-1, 3, 99_998), torch.tensor([-9.0, 11.0])])
    histogram = Histogram()
    histogram.widen(values)
    histogram.count(values)
    whole, kept = histogram.quantization(None), histogram.quantization(0.9999)
    assert whole.scale == pytest.approx(20 / 255)
    assert kept.scale == pytest.approx(4 / 255, rel=0.01) and kept.zero_point in (63, 64)
    assert Histogram().quantization(0.9999) == Quantization(1.0, 0)


def test_weight_scales_are_searched() -> None:
    rng = np.random.default_rng(0)
    weights = torch.tensor(rng.normal(0, 1, (4, 3, 3, 3)), dtype=torch.float32)
    weights[2] = 0
    for axis in (0, 1):
        shares, widest = weight_shares(weights, axis), widest_scale(weights, axis)
        rows = weights.transpose(0, axis).flatten(1)
        def error(share: torch.Tensor) -> torch.Tensor:
            scale = (widest * share)[:, None]
            return (rows - (rows / scale).round().clamp(-127, 127) * scale).square().sum(1)
        assert (shares >= 0.53).all() and (shares <= 1).all()
        assert (error(shares) <= error(torch.ones_like(shares))).all()
    assert widest_scale(weights, 0)[2] == pytest.approx(1e-4)


def test_finetuning_gains_and_writes_what_it_computed(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Normalised(Small(), recipe.mean, recipe.std)
    loaded = load_pictures(recipe, data)
    with torch.no_grad():
        for _ in range(20):
            model.train()(torch.cat([torch.tensor(s.image).permute(2, 0, 1)[None].float() for s in loaded.training[0]]))
    export(model, recipe.view, tmp_path / "float.onnx")
    quantization = replace(recipe.quantization, steps=20, batch=2, learning_rate=0.01, calibration=4)
    model = read_float_model(tmp_path / "float.onnx", recipe)
    wanted = replace(recipe, quantization=quantization)
    tuner = finetune(wanted, model, loaded, tmp_path / "int8.onnx", Device("cpu"), 1)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    scores = {line["step"]: line["int8/made/miou"] for line in lines if "int8/made/miou" in line}
    assert list(scores) == [0, 20] and scores[20] > scores[0] + 0.1
    written = onnx.load(tmp_path / "int8.onnx")
    manifest = json.loads({p.key: p.value for p in written.metadata_props}[qdq.MANIFEST])["pictures"]
    first = loaded.training[0][0].file
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    assert len(manifest) == 4 and manifest[0] == {"name": first.name, "sha256": digest}
    picture = loaded.validation["made"][0].image
    with torch.no_grad():
        computed = tuner.average.bytes(torch.tensor(picture).permute(2, 0, 1)[None].float())[0].numpy()
    np.testing.assert_array_equal(run_plainly(written, picture.transpose(2, 0, 1).astype(np.float32)), computed)


def test_finetuning_refuses_what_it_cannot_take(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture) -> None:
    network = small(tmp_path)
    qdq.write(network, tmp_path / "int8.onnx")
    with pytest.raises(ValueError, match="quantized already"):
        read_float_model(tmp_path / "int8.onnx", recipe)
    with pytest.raises(ValueError, match=r"the recipe's view is \(72, 96\)"):
        read_float_model(tmp_path / "small.onnx", recipe)
    others = replace(recipe, view=tuple(d.dim_value for d in onnx.load(tmp_path / "small.onnx").graph.input[0]
                                        .type.tensor_type.shape.dim[2:]), class_names=["road", "grass"])
    with pytest.raises(ValueError, match="the recipe tells 2 classes apart"):
        read_float_model(tmp_path / "small.onnx", others)
    with pytest.raises(ValueError, match="no such model"):
        read_float_model(tmp_path / "nothing.onnx", recipe)
    with pytest.raises(ValueError, match="not calibrated"):
        FineTuner(recipe, onnx.load(tmp_path / "small.onnx"), Device("cpu")).model(pictures(1)[0])
    arguments = [str(tmp_path / "none.yaml"), "x.onnx", "--data", ".", "--output", "y"]
    monkeypatch.setattr(sys, "argv", ["finetune", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "none.yaml" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["finetune", *arguments, "--steps", "-1"])
    with pytest.raises(SystemExit):
        main()
    assert "--steps: must be 0 or more, not -1" in capsys.readouterr().err
    assert spread([[1, 2, 3], [4, 5, 6]], 3) == [1, 3, 5] and spread([[1]], 9) == [1]

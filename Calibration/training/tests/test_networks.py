"""The networks' size, cost and shapes, held to the ones whose speed is published for roadseg and its peers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from roadtrain.export import export
from roadtrain.labels import label_set
from roadtrain.networks import NETWORKS, build, cost

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

COSTS = {
    ("fcn8s", 2): (3_011_686, 9_841_299_840), ("fcn8s", 11): (3_021_217, 9_848_043_360),
    ("contextnet", 7): (873_671, 557_435_520),
    ("deeplabv3plus", 7): (2_716_215, 3_687_611_840), ("deeplabv3plus", 11): (2_717_243, 3_698_671_040),
}
"""Parameters and multiply-accumulates at 360x480, counted on networks written independently for the peer benchmark."""
CONTEXT_BLOCK = 2 * 128 * 768 + 9 * 768
"""Weights of a bottleneck of 128 channels, widened six times."""


@pytest.mark.parametrize(("name", "classes"), COSTS)
def test_parameters_and_macs(name: str, classes: int) -> None:
    assert cost(NETWORKS[name](classes), (360, 480)) == COSTS[name, classes]


def test_what_contextnet_grows_by() -> None:
    parameters, macs = COSTS["contextnet", 7]
    parameters += 3 * (CONTEXT_BLOCK + 2 * (768 + 768 + 128))
    parameters += 64 * 64 + 128 * 64 + 9 * 64 + 64 * 64 + 4 * 2 * 64 + 64 * 7 + 7
    macs += 12 * 15 * 3 * CONTEXT_BLOCK  # at stride 32
    macs += 45 * 60 * 128 * 64 + 90 * 120 * (64 * 64 + 9 * 64 + 64 * 64 + 64 * 7)  # at strides 8 and 4
    assert cost(NETWORKS["contextnetplus"](7), (360, 480)) == (parameters, macs)


def test_what_contextnetplus_grows_by() -> None:
    parameters, macs = cost(NETWORKS["contextnetplus"](7), (360, 480))
    bottleneck = 2 * 128 * 512 + 9 * 512
    weights = 9 * 128 + 2 * 128 * 128 + 3 * bottleneck
    parameters += weights + 3 * 2 * 128 + 3 * 2 * (512 + 512 + 128)
    macs += 23 * 30 * weights  # at stride 16
    assert cost(NETWORKS["contextnetrefined"](7), (360, 480)) == (parameters, macs)


def test_what_fcn8s_grows_by() -> None:
    parameters, macs = cost(NETWORKS["fcn8s"](7), (360, 480))
    context = 3 * (2 * 256 * 512 + 9 * 512) + 256 * 128  # at stride 32
    middle = 256 * 128 + 3 * (2 * 128 * 512 + 9 * 512) + 128 * 128  # at stride 16
    fine = 128 * 128 + 2 * (9 * 128 + 128 * 128) + 128 * 7  # at stride 8
    scales_and_offsets = 3 * (512 + 512 + 256) + 128 + 128 + 3 * (512 + 512 + 128) + 128 + 128 + 4 * 128
    parameters += context + middle + fine + 2 * scales_and_offsets + 7
    macs += 12 * 15 * context + 23 * 30 * middle + 45 * 60 * fine
    assert cost(NETWORKS["fcn8srefined"](7), (360, 480)) == (parameters, macs)


@pytest.mark.parametrize(("name", "view", "scores"), [
    ("fcn8srefined", (360, 480), (45, 60)), ("fcn8srefined", (90, 130), (12, 17)),
    ("contextnetplus", (360, 480), (90, 120)), ("contextnetplus", (90, 130), (23, 33)),
    ("contextnetrefined", (360, 480), (90, 120)), ("contextnetrefined", (90, 130), (23, 33)),
    ("contextnet", (360, 480), (45, 60)), ("fcn8s", (360, 480), (45, 60)), ("fcn8s", (160, 576), (20, 72)),
    ("deeplabv3plus", (360, 480), (90, 120)), ("fcn8s", (90, 130), (12, 17)),
])
def test_logits_come_at_the_networks_own_stride(name: str, view: tuple[int, int], scores: tuple[int, int]) -> None:
    network = NETWORKS[name](5).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 3, *view)).shape == (1, 5, *scores)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_gives_heads_and_gradients_everywhere(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, 4, MEAN, STD, dropout=0.1).train()
    outputs = network(torch.rand(2, 3, 32, 48) * 255)
    assert isinstance(outputs, list) and all(output.shape[:2] == (2, 4) for output in outputs)
    sum(output.square().mean() for output in outputs).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", ["fcn8s", "fcn8srefined", "deeplabv3plus"])
def test_training_begins_with_every_class_about_as_likely(name: str) -> None:
    torch.manual_seed(0)
    outputs = build(name, 4, MEAN, STD).train()(torch.rand(2, 3, 32, 48) * 255)
    for output in outputs:
        assert (output.softmax(1) - 0.25).abs().max() < 0.2


def test_dropout_acts_in_training_only() -> None:
    torch.manual_seed(0)
    network = build("fcn8s", 3, MEAN, STD, dropout=0.5)
    picture = torch.rand(1, 3, 64, 64) * 255
    network.train()
    with torch.no_grad():
        assert not torch.equal(network(picture)[0], network(picture)[0])
        network.eval()
        assert torch.equal(network(picture), network(picture))


def test_upsampling_begins_as_bilinear() -> None:
    network = NETWORKS["fcn8s"](3)
    small = torch.rand(1, 3, 5, 7)
    with torch.no_grad():
        large = network.up32(small)
    wanted = torch.nn.functional.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(large[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1])


OPERATORS = {
    "contextnetrefined": {"Sub", "Div", "Conv", "Relu", "Add", "Resize"},
    "contextnetplus": {"Sub", "Div", "Conv", "Relu", "Add", "Resize"},
    "contextnet": {"Sub", "Div", "Conv", "Relu", "Add", "Resize"},
    "fcn8s": {"Sub", "Div", "Conv", "Relu", "Add", "MaxPool", "ConvTranspose", "Slice"},
    "fcn8srefined": {"Sub", "Div", "Conv", "Relu", "Add", "MaxPool", "ConvTranspose", "Slice", "Resize"},
    "deeplabv3plus": {"Sub", "Div", "Conv", "Relu", "Clip", "Add", "Resize", "Concat", "ReduceMean"},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_exported_network_gives_the_same_logits(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    view = (42, 58)
    model = build(name, 7, MEAN, STD)
    with torch.no_grad():  # batch statistics unlike the initial ones, so that folding them shows
        model.train()(torch.rand(2, 3, 32, 48) * 255)
    path = tmp_path / "net.onnx"
    export(model, view, path, label_set("driving7"))
    graph = onnx.load(path)
    onnx.checker.check_model(graph)
    assert graph.opset_import[0].version == 17
    assert {node.op_type for node in graph.graph.node} - {"Constant"} == OPERATORS[name]
    assert {p.key: p.value for p in graph.metadata_props}["classes"].splitlines()[1] == "0\tdrivable\t128\t64\t128"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("image", [1, 3, *view])]
    picture = torch.randint(0, 256, (1, 3, *view)).float()
    with torch.no_grad():
        wanted = model.eval()(picture).numpy()
    assert [o.name for o in session.get_outputs()] == ["logits"]
    np.testing.assert_allclose(session.run(None, {"image": picture.numpy()})[0], wanted, rtol=1e-3, atol=1e-3)
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="unknown network 'unet'"):
        build("unet", 2, MEAN, STD)

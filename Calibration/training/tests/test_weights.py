"""Weights out of model files, float and int8: the same network, fit to train on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from conftest import scene
from roadtrain.crops import Crops
from roadtrain.datasets import load
from roadtrain.device import Device
from roadtrain.evaluate import exact_session
from roadtrain.export import export
from roadtrain.networks import NETWORKS, Normalised, build
from roadtrain.networks.blocks import resize
from roadtrain.recipe import Distillation, Recipe
from roadtrain.train import train
from roadtrain.trainer import Trainer
from roadtrain.weights import read_weights, unfold_batch_norms

SHIPPED = Path(__file__).parents[3] / "Sources" / "RoadSeg" / "Models"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
CPU = Device("cpu")


def trained(name: str, classes: int = 3) -> Normalised:
    """A network whose batch norms are not those of a new one."""
    torch.manual_seed(5)
    network = build(name, classes, MEAN, STD)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in ((module.weight, 0.5, 1.5), (module.bias, -0.3, 0.3),
                                      (module.running_mean, -0.2, 0.2), (module.running_var, 0.5, 2.0)):
                nn.init.uniform_(values, low, high)
    return network.eval()


def pictures(count: int, height: int = 72, width: int = 96) -> torch.Tensor:
    """A batch of made scenes."""
    images = np.stack([scene(seed, height, width)[0] for seed in range(count)])
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


@pytest.mark.parametrize("name", NETWORKS)
def test_an_exported_network_comes_back(name: str, tmp_path: Path) -> None:
    """Before and after its batch norms got statistics, and with these, too, where a batch is normalised by itself."""
    network, batch = trained(name), pictures(4)
    export(network, (72, 96), tmp_path / "model.onnx")
    again = build(name, 3, MEAN, STD).eval()
    again.load_state_dict(read_weights(tmp_path / "model.onnx", again, CPU))
    with torch.no_grad():
        wanted = network(batch)
        close = {"rtol": 1e-3, "atol": 1e-4 * float(wanted.abs().max())}
        torch.testing.assert_close(again(batch), wanted, **close)
        unfold_batch_norms(again, [batch[:2], batch[2:]])
        torch.testing.assert_close(again(batch), wanted, **close)
        torch.testing.assert_close(again.train()(batch)[0], wanted, **close)


def test_channels_that_nothing_reaches_are_exported_without_filters(tmp_path: Path) -> None:
    """Their filters may have grown to anything. What the network computes stays, and the others' filters do."""
    network, batch = trained("contextnet"), pictures(1)
    expanded, depthwise = network.network.deep[2].body[:2]
    with torch.no_grad():
        expanded[1].weight[3], expanded[1].bias[3] = 0, -1  # nothing passes its ReLU
        depthwise[0].weight[3] = 3e8
        depthwise[1].running_mean[3], depthwise[1].running_var[3] = 0, 0
        wanted = network(batch).numpy()
    export(network, (72, 96), tmp_path / "model.onnx")
    again = build("contextnet", 3, MEAN, STD).eval()
    weights = read_weights(tmp_path / "model.onnx", again, CPU)
    filters = weights["network.deep.2.body.1.0.weight"].abs().amax((1, 2, 3))
    assert filters[3] == 0 and (filters > 0).sum() == len(filters) - 1
    assert depthwise[0].weight[3].max() == 3e8, "the network itself keeps what it has"
    again.load_state_dict(weights)
    with torch.no_grad():
        torch.testing.assert_close(again(batch).numpy(), wanted, rtol=1e-3, atol=1e-4 * float(np.abs(wanted).max()))


def begun_as_nothing(network: Normalised) -> list[nn.Parameter]:
    """The weights that keep what a grown network has more from counting at first."""
    grown = network.network
    added = [grown.scores()[-1].weight]
    if isinstance(grown, NETWORKS["fcn8srefined"]):
        return [*added, *(block.body[-1][-1].weight for block in grown.context)]
    added.append(grown.deep[-1].body[-1][-1].weight)
    return [*added, grown.refine[-1][-1].weight] if isinstance(grown, NETWORKS["contextnetrefined"]) else added


@pytest.mark.parametrize("kind", ["model.onnx", "checkpoint.pt"])
@pytest.mark.parametrize(("name", "smaller"), [
    ("contextnetplus", "contextnet"), ("contextnetrefined", "contextnetplus"), ("contextnetrefined", "contextnet"),
    ("fcn8srefined", "fcn8s")])
def test_a_network_begins_as_the_one_that_it_was_grown_from(name: str, smaller: str, kind: str, tmp_path: Path) -> None:
    """What was added counts for nothing at first, also after its batch norms got statistics, and can be trained; with
    sides that no stride divides, too.
    """
    small, batch = trained(smaller), pictures(4, 90, 106)
    if kind == "model.onnx":
        export(small, (90, 106), tmp_path / kind)
    else:
        torch.save({"ema": small.state_dict()}, tmp_path / kind)
    grown = build(name, 3, MEAN, STD)
    nn.init.zeros_(grown.network.scores()[-1].weight)  # nearly nothing; its smaller network may have it, and its values
    grown.load_state_dict(read_weights(tmp_path / kind, grown, CPU))
    with torch.no_grad():
        logits = grown.eval()(batch)
        wanted = resize(small(batch), logits.shape[2:])
        close = {"rtol": 1e-3, "atol": 1e-4 * float(wanted.abs().max())}
        torch.testing.assert_close(logits, wanted, **close)
        unfold_batch_norms(grown, [batch])
        torch.testing.assert_close(grown(batch), wanted, **close)
    grown.train()(batch)[0].square().mean().backward()
    assert all(weight.grad.abs().max() > 0 for weight in begun_as_nothing(grown))


@pytest.mark.parametrize(("name", "file"), [
    ("contextnetrefined", "contextnet-driving7"), ("fcn8srefined", "fcn8s-driving7"),
    ("deeplabv3plus", "deeplabv3plus-camvid11")])
def test_a_shipped_int8_network_can_be_trained_on(name: str, file: str) -> None:
    """What its int8 weights say in float agrees with ONNX Runtime on nearly every pixel."""
    path = SHIPPED / f"{file}-int8.onnx"
    session = exact_session(str(path))
    batch = pictures(1, *session.get_inputs()[0].shape[2:])
    wanted = session.run(None, {"image": batch.numpy()})[0]
    network = build(name, wanted.shape[1], MEAN, STD).eval()
    network.load_state_dict(read_weights(path, network, CPU))
    with torch.no_grad():
        logits = network(batch).numpy()
    assert (logits.argmax(1) == wanted.argmax(1)).mean() > 0.95
    assert np.abs(logits - wanted).mean() < 0.1 * np.abs(wanted).mean()


def test_a_run_begins_with_a_model_file(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    export(trained("contextnet"), recipe.view, tmp_path / "model.onnx")
    still = replace(recipe, learning_rate=0.0, phases=[replace(recipe.phases[0], share=1.0, steps=1)])
    done = train(still, data, tmp_path / "run", tmp_path / "out.onnx", None, tmp_path / "model.onnx")
    wanted = read_weights(tmp_path / "model.onnx", done.ema, CPU)
    assert done.progress.step == 1
    for name, value in done.model.named_parameters():
        if value.ndim == 4:
            torch.testing.assert_close(value, wanted[name], msg=name)


def test_other_classes_begin_at_random(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    export(trained("contextnet", 5), recipe.view, tmp_path / "model.onnx")
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    trainer = Trainer(recipe)
    own = {name: value.clone() for name, value in trainer.ema.state_dict().items()}
    trainer.begin_from(tmp_path / "model.onnx", crops)
    now = trainer.model.state_dict()
    classifiers = ("network.classifier.2.", "network.auxiliary_")
    for name in own:
        if name.endswith("weight") and own[name].ndim == 4:
            assert torch.equal(now[name], own[name]) == name.startswith(classifiers), name


def test_a_teacher_may_be_a_model_file(recipe: Recipe, tmp_path: Path) -> None:
    teacher = trained("contextnet")
    export(teacher, recipe.view, tmp_path / "teacher.onnx")
    distillation = Distillation("contextnet", str(tmp_path / "teacher.onnx"))
    trainer, batch = Trainer(replace(recipe, distillation=distillation)), pictures(1)
    with torch.no_grad():
        torch.testing.assert_close(trainer.teacher(batch), teacher(batch), rtol=1e-3, atol=1e-3)
    export(trained("contextnet", 5), recipe.view, tmp_path / "teacher.onnx")
    with pytest.raises(ValueError, match="a teacher has its student's classes"):
        Trainer(replace(recipe, distillation=distillation))


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    export(trained("contextnet"), (72, 96), path)
    for name in ("fcn8s", "deeplabv3plus"):
        with pytest.raises(ValueError, match="another network than .*convolutions"):
            read_weights(path, build(name, 3, MEAN, STD), CPU)
    export(trained("fcn8s"), (72, 96), tmp_path / "fcn8s.onnx")
    with pytest.raises(ValueError, match="another network than ContextNetPlus: 17 convolutions, not 65"):
        read_weights(tmp_path / "fcn8s.onnx", build("contextnetplus", 3, MEAN, STD), CPU)
    with pytest.raises(ValueError, match="has not the recipe's mean"):
        read_weights(path, build("contextnet", 3, [0.5, 0.5, 0.5], STD), CPU)
    model = onnx.load(path)
    filters = next(i for i in model.graph.initializer if i.dims == [32, 3, 3, 3])
    filters.CopyFrom(onnx.numpy_helper.from_array(np.zeros((32, 3, 5, 5), np.float32), filters.name))
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match=r"has filters of \(32, 3, 5, 5\)"):
        read_weights(tmp_path / "other.onnx", build("contextnet", 3, MEAN, STD), CPU)
    (tmp_path / "text.onnx").write_text("weights")
    with pytest.raises(ValueError, match="damaged, or not an ONNX model"):
        read_weights(tmp_path / "text.onnx", build("contextnet", 3, MEAN, STD), CPU)
    torch.save({"model": {}}, tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("weights")
    (tmp_path / "empty.pt").touch()
    for name in ("other", "text", "empty"):
        with pytest.raises(ValueError, match=f"{name}.pt: is no checkpoint"):
            read_weights(tmp_path / f"{name}.pt", build("contextnet", 3, MEAN, STD), CPU)


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """Cut, with bytes changed and with bytes taken out: never anything but every weight of the network or one message
    that names the file.
    """
    whole = (SHIPPED / "contextnet-driving7-int8.onnx").read_bytes()
    path, network = tmp_path / "model.onnx", build("contextnet", 7, MEAN, STD)
    refused = 0
    for seed in range(60):
        rng, damaged = np.random.default_rng(seed), bytearray(whole)
        at = int(rng.integers(len(whole) if seed % 2 else 200_000))  # the graph's nodes come first
        match seed % 3:
            case 0:
                del damaged[at:]
            case 1:
                del damaged[at:at + int(rng.integers(1, 64))]
            case 2:
                for place in rng.integers(max(0, at - 2000), at + 1, 8):
                    damaged[place] = int(rng.integers(256))
        path.write_bytes(damaged)
        try:
            weights = read_weights(path, network, CPU)
            assert weights.keys() == network.state_dict().keys()
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 20

"""The average of runs: in the middle, and fit to go on from."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from conftest import RECIPE, Refusal
from roadtrain.average import MEAN_STATISTICS_CROPS, averaged, main
from roadtrain.crops import Crops
from roadtrain.device import Device
from roadtrain.export import export
from roadtrain.integers.graph import constants_of
from roadtrain.modelfile import terms_of
from roadtrain.networks import build
from roadtrain.pictures import load_pictures
from roadtrain.recipe import Recipe, load_recipe
from roadtrain.trainer import Trainer
from roadtrain.weights import read_terms, read_weights


def run(recipe: Recipe, seed: int, folder: Path) -> Trainer:
    """A run that has just begun, as its checkpoint."""
    trainer = Trainer(replace(recipe, seed=seed), Device("cpu"))
    trainer.terms = f"terms of {seed}"  # as of weights that it began with
    folder.mkdir()
    trainer.save(folder / "checkpoint.pt")
    return trainer


def test_weights_are_averaged_and_counters_are_not() -> None:
    one = {"weight": torch.tensor([1.0, 2.0]), "count": torch.tensor(3)}
    other = {"weight": torch.tensor([2.0, 4.0]), "count": torch.tensor(8)}
    mean = averaged([one, other])
    assert mean["weight"].tolist() == [1.5, 3.0] and mean["count"] == 8


def test_the_average_is_written_for_training_and_for_quantizing(recipe: Recipe, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run(recipe, seed, tmp_path / str(seed)) for seed in (1, 2)]
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    monkeypatch.setattr(sys, "argv", ["average", str(tmp_path / "tiny.yaml"), str(tmp_path / "1"), str(tmp_path / "2"),
                                      "--output", str(tmp_path / "mean")])
    main()
    network = build("contextnet", 3, recipe.mean, recipe.std).eval()
    network.load_state_dict(read_weights(tmp_path / "mean/average.pt", network, Device("cpu")))
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (runs[0].ema.state_dict()[name] + runs[1].ema.state_dict()[name]) / 2)
    model = onnx.load(tmp_path / "mean/tiny-float.onnx")
    assert {entry.key for entry in model.metadata_props} == {"classes", "terms"}
    assert terms_of(model) == read_terms(tmp_path / "mean/average.pt", Device("cpu")) == "terms of 1; terms of 2"
    batch = np.random.default_rng(0).uniform(0, 255, (1, 3, 72, 96)).astype(np.float32)
    logits = onnxruntime.InferenceSession(str(tmp_path / "mean/tiny-float.onnx")).run(None, {"image": batch})[0]
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(torch.from_numpy(batch)).numpy(), rtol=1e-3, atol=1e-4)


def test_model_files_are_averaged_as_they_compute(recipe: Recipe, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """By the weights that the file has, batch norms folded in: not the mean of what these were folded from."""
    files = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = build("contextnet", 3, recipe.mean, recipe.std).eval()
        for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
            norm.running_var.uniform_(0.5, 2)
        files.append(tmp_path / f"{seed}.onnx")
        export(network, recipe.view, files[-1], recipe.classes, f"terms of {seed}")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    monkeypatch.setattr(sys, "argv", ["average", str(tmp_path / "tiny.yaml"), *map(str, files),
                                      "--output", str(tmp_path / "mean")])
    main()
    assert [file.name for file in (tmp_path / "mean").iterdir()] == ["tiny-float.onnx"]
    mean = onnx.load(tmp_path / "mean/tiny-float.onnx")
    assert terms_of(mean) == "terms of 1; terms of 2"
    one, other, averages = (constants_of(model) for model in (*map(onnx.load, files), mean))
    assert one.keys() == averages.keys() and any(value.ndim == 4 for value in averages.values())
    for name, value in averages.items():
        np.testing.assert_allclose(value, (one[name] + other[name]) / 2, rtol=1e-4, atol=1e-6, err_msg=name)


def test_batch_norms_of_a_mean_learn_what_reaches_them(recipe: Recipe, data: Path, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """A run and a model file: in the mean every batch norm has the statistics of what comes to it, as in training."""
    run(recipe, 1, tmp_path / "1")
    torch.manual_seed(2)
    export(build("contextnet", 3, recipe.mean, recipe.std).eval(), recipe.view, tmp_path / "2.onnx", recipe.classes)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    monkeypatch.setattr(sys, "argv", ["average", str(tmp_path / "tiny.yaml"), str(tmp_path / "1"),
                                      str(tmp_path / "2.onnx"), "--statistics-from", str(data),
                                      "--output", str(tmp_path / "mean")])
    main()
    network = build("contextnet", 3, recipe.mean, recipe.std).eval()
    network.load_state_dict(read_weights(tmp_path / "mean/average.pt", network, Device("cpu")))
    seen: list[tuple[torch.nn.BatchNorm2d, torch.Tensor]] = []
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.register_forward_hook(lambda norm, inputs, _: seen.append((norm, inputs[0])))
        norm.train().momentum = 0.0  # normalises by the batch, and keeps its statistics
    recipe = load_recipe(tmp_path / "tiny.yaml")
    crops, phase = Crops(recipe, load_pictures(recipe, data).training), recipe.phases[-1]
    with torch.no_grad():
        for number in range(0, MEAN_STATISTICS_CROPS, phase.batch):
            network(crops.make(number, phase)[0])
    for norm in norms:
        means = torch.stack([x.mean((0, 2, 3)) for module, x in seen if module is norm])
        torch.testing.assert_close(norm.running_mean, means.mean(0), rtol=1e-3, atol=1e-3)
    assert (tmp_path / "mean/tiny-float.onnx").exists()


def test_runs_that_cannot_be_averaged(recipe: Recipe, tmp_path: Path, refusal: Refusal) -> None:
    run(recipe, 1, tmp_path / "one")
    of_two = replace(recipe.data[0], classes=[0, 1])
    run(replace(recipe, class_names=["a", "b"], class_weights=[1.0, 1.0], data=[of_two]), 1, tmp_path / "other")
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    tried = [main, tmp_path / "tiny.yaml", tmp_path / "one"]
    output = ["--output", tmp_path / "mean"]
    assert "the run had other classes" in refusal(*tried, tmp_path / "other", *output)
    assert str(tmp_path / "nowhere") in refusal(*tried, tmp_path / "nowhere", *output)
    run(replace(recipe, class_names=["road", "sky", "grass"]), 1, tmp_path / "names")
    assert "the run had other classes: road, sky, grass" in refusal(*tried, tmp_path / "names", *output)
    network = build("contextnet", 3, recipe.mean, recipe.std).eval()
    export(network, (96, 128), tmp_path / "large.onnx", recipe.classes)
    assert "runs only, or model files only" in refusal(*tried, tmp_path / "large.onnx", *output)
    assert "takes (1, 3, 96, 128)" in refusal(main, tmp_path / "tiny.yaml", tmp_path / "large.onnx", *output)
    (tmp_path / "grown.yaml").write_text(RECIPE.replace("network: contextnet", "network: contextnetplus"))
    assert "holds another network" in refusal(main, tmp_path / "grown.yaml", tmp_path / "one", *output)
    assert "holds another network" in refusal(main, tmp_path / "grown.yaml", tmp_path / "large.onnx", *output)
    (tmp_path / "other/checkpoint.pt").write_bytes(b"text")
    assert "is no checkpoint" in refusal(*tried, tmp_path / "other", *output)
    assert not (tmp_path / "mean").exists()

"""The network, its losses, one run, resuming, and what is exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from roadtrain.datasets import VOID, Sample, load
from roadtrain.evaluate import Scores, evaluate
from roadtrain.export import export
from roadtrain.losses import segmentation_loss, soft_jaccard
from roadtrain.networks import ContextNet, DepthwiseConv2d, build
from roadtrain.recipe import Recipe, load_recipe
from roadtrain.train import Crops, Trainer, train

RECIPES = Path(__file__).parents[1] / "recipes"


def test_contextnet_has_the_size_of_the_paper() -> None:
    network = ContextNet(7).eval()
    weights = sum(p.numel() for name, p in network.named_parameters() if not name.startswith("auxiliary"))
    assert 0.82e6 < weights < 0.9e6
    assert network(torch.zeros(1, 3, 360, 480)).shape == (1, 7, 45, 60)


def test_a_perfect_prediction_has_no_jaccard_loss() -> None:
    label = torch.tensor([[[0, 1], [2, VOID]]])
    right = torch.nn.functional.one_hot(torch.where(label == VOID, 0, label), 3).permute(0, 3, 1, 2).float()
    assert soft_jaccard(right, label).item() == pytest.approx(0)
    assert soft_jaccard(right.roll(1, 1), label).item() == pytest.approx(1)


def test_void_pixels_have_no_gradient() -> None:
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    label = torch.zeros(1, 4, 4, dtype=torch.long)
    label[0, :2] = VOID
    segmentation_loss([logits], label, torch.ones(3), 0.5, 0.3).backward()
    assert logits.grad[0, :, :2].abs().max() == 0 and logits.grad[0, :, 2:].abs().min() > 0


def test_depthwise_gradients_are_exact_under_autocast() -> None:
    """Left to autocast, they were infinite."""
    torch.manual_seed(0)
    layer = DepthwiseConv2d(8, 8, 3, 2, 1, groups=8, bias=False)
    x = torch.randn(4, 8, 16, 20).to(memory_format=torch.channels_last)
    gradients = []
    for enabled in (False, True):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            output = layer(x)
        output.square().sum().backward()
        gradients.append(layer.weight.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])


def test_steps_lower_the_loss(data: Path, recipe: Recipe) -> None:
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    trainer = Trainer(recipe)
    images, labels = crops.make(0, recipe.phases[0])
    losses = [trainer.step(images, labels, 0.002) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]


def test_crops_depend_on_their_number_alone(data: Path, recipe: Recipe) -> None:
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    ahead = [crops.next(4 * i, 0) for i in range(3)]
    for i, (images, labels) in enumerate(ahead):
        again = crops.make(4 * i, recipe.phases[0])
        assert torch.equal(images, again[0]) and torch.equal(labels, again[1])
    jumped = crops.next(400, 1)
    assert torch.equal(jumped[0], crops.make(400, recipe.phases[1])[0])


def test_a_resumed_run_ends_with_the_same_weights(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    whole = train(recipe, data, tmp_path / "whole", tmp_path / "whole.onnx", None)
    assert (whole.progress.step, whole.progress.seen) == (5, 3 * 4 + 2 * 2)

    stopped = Trainer(recipe)
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    for step in range(2):
        images, labels = crops.next(stopped.progress.seen, 0)
        stopped.step(images, labels, recipe.rate_at(recipe.progress(0, step)))
    (tmp_path / "parts").mkdir()
    stopped.save(tmp_path / "parts" / "checkpoint.pt")
    parts = train(recipe, data, tmp_path / "parts", tmp_path / "parts.onnx", None)

    assert parts.progress.step == whole.progress.step
    for name, value in whole.ema.state_dict().items():
        torch.testing.assert_close(parts.ema.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_a_budget_of_minutes_ends(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    done = train(recipe, data, tmp_path / "run", tmp_path / "out.onnx", minutes=0.02)
    assert done.progress.step > 0 and (tmp_path / "run" / "checkpoint.pt").exists()


def test_the_exported_network_gives_the_same_logits(recipe: Recipe, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = build("contextnet", 7, recipe.mean, recipe.std)
    with torch.no_grad():  # batch statistics unlike the initial ones, so that folding them shows
        model.train()(torch.rand(2, 3, 64, 96) * 255)
    path = tmp_path / "net.onnx"
    export(model, (360, 480), path)
    graph = onnx.load(path)
    onnx.checker.check_model(graph)
    assert graph.opset_import[0].version == 17 and path.stat().st_size < 3.6e6
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("image", [1, 3, 360, 480])]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("logits", [1, 7, 45, 60])]
    picture = torch.randint(0, 256, (1, 3, 360, 480)).float()
    with torch.no_grad():
        wanted = model.eval()(picture).numpy()
    np.testing.assert_allclose(session.run(None, {"image": picture.numpy()})[0], wanted, rtol=1e-3, atol=1e-3)
    assert list(tmp_path.iterdir()) == [path]


def test_scores_of_a_known_confusion() -> None:
    scores = Scores(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    assert scores.iou[:2].tolist() == [0.75, 0.8] and np.isnan(scores.iou[2])
    assert scores.miou == pytest.approx(0.775) and scores.pixel_accuracy == pytest.approx(7 / 8)


def test_evaluation_upsamples_to_the_labels_and_skips_void() -> None:
    label = np.zeros((24, 32), np.uint8)
    label[:, 16:] = 1
    label[0] = VOID
    logits = torch.zeros(1, 2, 6, 8)
    logits[0, 1, :, :4], logits[0, 0, :, 4:] = -1, -1
    scores = evaluate(lambda _: logits, [Sample("made", np.zeros((24, 32, 3), np.uint8), label)], (48, 64), 2)
    assert scores.confusion.sum() == 23 * 32 and scores.miou == 1


def test_schedule_warms_up_and_ends_at_nothing(recipe: Recipe) -> None:
    assert recipe.rate_at(0) < recipe.rate_at(0.05) < recipe.rate_at(0.1) == recipe.learning_rate
    assert recipe.rate_at(1) == 0
    assert recipe.phase_at(0.49) == 0 and recipe.phase_at(0.5) == 1 and recipe.phase_at(1.5) == 1
    assert recipe.progress(1, 1) == pytest.approx(0.75)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_recipes_load(path: Path) -> None:
    recipe = load_recipe(path)
    assert len(recipe.class_names) == len(recipe.class_weights)


def test_recipes_refuse_unknown_keys(tmp_path: Path) -> None:
    text = (RECIPES / "contextnet-driving7.yaml").read_text()
    path = tmp_path / "recipe.yaml"
    path.write_text(text.replace("jaccard:", "jacard:"))
    with pytest.raises(ValueError, match="jacard"):
        load_recipe(path)

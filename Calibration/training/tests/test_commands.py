"""Every command ends on bad input with one message that names it, and status 1."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from conftest import RECIPE, Refusal
from roadtrain import disturb, evaluate, finetune, plot, train
from roadtrain.commands import StopRequest, bad_input_exits
from roadtrain.export import export
from roadtrain.labels import named
from roadtrain.networks import build
from roadtrain.recipe import Recipe

@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    return tmp_path / "tiny.yaml"


def command(module: object, recipe: Path, data: Path, folder: Path, model: Path) -> list[object]:
    """What one types to run it, with its inputs here and its output under `folder`."""
    positional = [recipe, model] if module in (evaluate, finetune) else [recipe]
    output = [] if module is evaluate else ["--output", folder / "out"]
    threads = [] if module is disturb else ["--threads", 1]
    return [module.main, *positional, "--data", data, *output, *threads]


@pytest.mark.parametrize("module", [train, evaluate, finetune, disturb])
def test_recipes_and_data_that_are_not_there(module: object, data: Path, recipe_file: Path, recipe: Recipe,
                                             tmp_path: Path, refusal: Refusal) -> None:
    model = tmp_path / "model.onnx"
    export(build("contextnet", 3, recipe.mean, recipe.std).eval(), recipe.view, model)
    nothing = tmp_path / "nothing.yaml"
    assert str(nothing) in refusal(*command(module, nothing, data, tmp_path, model))
    empty = tmp_path / "empty.yaml"
    empty.touch()
    assert str(empty) in refusal(*command(module, empty, data, tmp_path, model))
    nowhere = tmp_path / "nowhere"
    assert str(nowhere / "made") in refusal(*command(module, recipe_file, nowhere, tmp_path, model))
    assert not (tmp_path / "out").is_file()


@pytest.mark.parametrize("module", [evaluate, finetune])
def test_models_that_are_none(module: object, data: Path, recipe_file: Path, recipe: Recipe, tmp_path: Path,
                              refusal: Refusal) -> None:
    model = tmp_path / "model.onnx"
    tried = command(module, recipe_file, data, tmp_path, model)
    assert f"{model}: there is no such model" in refusal(*tried)
    for content in (b"", b"no model", bytes(range(256))):
        model.write_bytes(content)
        assert f"{model}: is damaged, or not an ONNX model" in refusal(*tried)
    export(build("contextnet", 3, recipe.mean, recipe.std).eval(), (96, 96), model)
    assert "takes (1, 3, 96, 96), the recipe's view is (72, 96)" in refusal(*tried)
    assert not (tmp_path / "out").exists()


def test_evaluating_refuses_another_network(data: Path, recipe_file: Path, recipe: Recipe, tmp_path: Path,
                                            refusal: Refusal) -> None:
    """One with other classes, and one that ONNX Runtime cannot compute."""
    model = tmp_path / "model.onnx"
    tried = command(evaluate, recipe_file, data, tmp_path, model)
    export(build("contextnet", 4, recipe.mean, recipe.std).eval(), recipe.view, model)
    assert "the recipe tells 3 classes apart" in refusal(*tried)
    export(build("contextnet", 3, recipe.mean, recipe.std).eval(), recipe.view, model, named(["road", "sky", "ground"]))
    assert f"{model}: has other classes than the recipe's road, ground, sky" in refusal(*tried)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 72, 96])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3, 72, 96])
    graph = helper.make_graph([helper.make_node("NoSuchLayer", ["image"], ["logits"])], "made", [image], [logits])
    model.write_bytes(helper.make_model(graph).SerializeToString())
    assert f"{model}: is damaged" in refusal(*tried)


def test_the_road_is_scored_where_other_classes_are_not_told_apart(
        data: Path, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture) -> None:
    """It is the same road; labels that mix the road with something cannot score it."""
    model, file = tmp_path / "model.onnx", tmp_path / "tiny.yaml"
    export(build("contextnet", 3, recipe.mean, recipe.std).eval(), recipe.view, model)
    told, vague = "{name: made, share: 1, classes: [2, 1, 0, 255]}", "{name: made, share: 1, classes: [%s, 0, 255]}"
    for also, lines in (("[1, 2], [1, 2]", 2), ("[0, 1], 2", 1)):
        file.write_text(RECIPE.replace(told, f"{told}, {vague % also}"))
        arguments = command(evaluate, file, data, tmp_path, model)[1:]
        monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, arguments), "--road"])
        evaluate.main()
        printed = capsys.readouterr().out.splitlines()
        assert len(printed) == lines and len({line.split()[3].rstrip(";") for line in printed}) == 1


def test_devices_that_are_none(data: Path, recipe_file: Path, tmp_path: Path, refusal: Refusal) -> None:
    tried = command(train, recipe_file, data, tmp_path, tmp_path)
    for name in ("meta", "graphics", "cuda:", "cpu:x"):
        assert f"device '{name}'" in refusal(*tried, "--device", name)


@pytest.mark.parametrize("number", ["0", "-1", "two", "inf", "nan"])
def test_numbers_that_are_not_above_nothing(data: Path, recipe_file: Path, tmp_path: Path, number: str,
                                            monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """With minutes below nothing, training would never end. As argparse ends: with status 2."""
    for option in ("--minutes", "--threads"):
        main, *rest = command(train, recipe_file, data, tmp_path, tmp_path)
        monkeypatch.setattr(sys, "argv", ["train", *map(str, rest), option, number])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2 and f"argument {option}: " in capsys.readouterr().err


def test_interrupting_ends_without_a_traceback(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended, bad_input_exits(argparse.ArgumentParser(prog="command")):
        raise KeyboardInterrupt
    assert ended.value.code == 130 and capsys.readouterr().err == "command: interrupted\n"


def test_asking_to_stop_twice_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), StopRequest() as stop:
        assert not stop() and stop.status == 0
        signal.raise_signal(signal.SIGINT)
        assert stop() and stop.status == 130
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored_signals_stay_ignored() -> None:
    """As of a command that a shell starts in the background: Ctrl-C is meant for another."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            signal.raise_signal(signal.SIGINT)
        assert not stop() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_logs_that_are_none(tmp_path: Path, refusal: Refusal) -> None:
    assert "there is no such log" in refusal(plot.main, tmp_path)
    for content in (b"", b"\xff\xfe", b"text\n", b"[1]\n7\n", b'{"loss": 1}\n', b'{"step": 1, "time": 2}\n'):
        (tmp_path / "log.jsonl").write_bytes(content)
        assert "holds no scalars" in refusal(plot.main, tmp_path)
    assert not (tmp_path / "curves.png").exists()


def test_a_log_that_was_cut_short_is_plotted(tmp_path: Path) -> None:
    lines = ['{"step": 1, "loss": 2}', '{"step": 2, "loss": NaN}', '{"step": 3, "loss": 1}', '{"st']
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    assert plot.read_log(tmp_path / "log.jsonl") == {"loss": [(1, 2.0), (3, 1.0)]}

"""The average of several runs' weights: where one began with another's, often better than either.

    python -m roadtrain.average recipes/deeplabv3plus-driving7.yaml:eighth runs/deep-seventh runs/deep-eighth \\
        --output runs/deep-average

Model files (ONNX, float or int8) can be averaged like runs. What comes out then is a model file, too: its batch norms
are folded into the convolutions.

Wortsman et al. 2022, "Robust fine-tuning of zero-shot models": between a network and what fine-tuning made of it, the
middle keeps most of what both can do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from .commands import bad_input_exits
from .device import Device
from .export import export
from .modelfile import check_fits, joined_terms, read_model
from .networks import Normalised, build
from .recipe import Recipe, load_recipe
from .weights import is_model, read_checkpoint, read_terms, read_weights
from .whole import written_whole


def averaged(weights: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each weight and statistic; of what only counts, the last one's."""
    return {name: torch.stack([w[name] for w in weights]).mean(0) if last.is_floating_point() else last
            for name, last in weights[-1].items()}


def _files(runs: list[Path]) -> list[Path]:
    files = [run if is_model(run) else run / "checkpoint.pt" for run in runs]
    if len({is_model(file) for file in files}) > 1:
        raise ValueError("give runs only, or model files only: the batch norms of model files are folded into the "
                         "convolutions, those of runs are not; a run's model file is in its folder")
    return files


def _weights(file: Path, network: Normalised, recipe: Recipe) -> dict[str, Tensor]:
    weights = read_weights(file, network, Device("cpu"), grown=False)
    if is_model(file):
        check_fits(file, read_model(file), recipe.view, recipe.classes)
    else:
        # Averages do not say their classes.
        names = read_checkpoint(file, Device("cpu")).get("class_names", recipe.class_names)
        if names != recipe.class_names:
            raise ValueError(f"{file}: the run had other classes: {', '.join(names)}")
    for name, own in network.state_dict().items():
        if weights[name].shape != own.shape:
            raise ValueError(f"{file}: {name} is {tuple(weights[name].shape)}, the recipe's {tuple(own.shape)}: "
                             "the run had other classes")
    return weights


def _save(network: Normalised, terms: str | None, file: Path) -> None:
    with written_whole(file) as unfinished:
        torch.save({"ema": network.state_dict(), "terms": terms}, unfinished)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.average", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="a run's --output folder, or a model file")
    parser.add_argument("--output", type=Path, required=True,
                        help="folder for average.pt (of runs), which --from takes, and the float ONNX")
    arguments = parser.parse_args()
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        network = build(recipe.network, len(recipe.class_names), recipe.mean, recipe.std).eval()
        files = _files(arguments.runs)
        network.load_state_dict(averaged([_weights(file, network, recipe) for file in files]))
        terms = joined_terms(recipe.terms, *(read_terms(file, Device("cpu")) for file in files))
        # Folded batch norms are nothing to train on: `--from` unfolds those of a model file.
        if not is_model(files[0]):
            _save(network, terms, arguments.output / "average.pt")
        onnx_file = arguments.output / f"{arguments.recipe.stem}-float.onnx"
        export(network, recipe.view, onnx_file, recipe.classes, terms)
        print(onnx_file)


if __name__ == "__main__":
    main()

"""The average of several runs' weights: where one began with another's, often better than either.

    python -m roadtrain.average recipes/deeplabv3plus-driving7.yaml:eighth runs/deep-seventh runs/deep-eighth \\
        --output runs/deep-average

Model files (ONNX, float or int8) can be averaged like runs. What comes out then is a model file, too: its batch norms
are folded into the convolutions.

Networks that long training has led apart compute nothing of use in their middle until its batch norms are told what
reaches them now: `--statistics-from DATA` does so, with crops of the recipe's training pictures. Then runs and model
files can be mixed, too.

Wortsman et al. 2022, "Robust fine-tuning of zero-shot models": between a network and what fine-tuning made of it, the
middle keeps most of what both can do.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from .commands import bad_input_exits
from .crops import Crops
from .device import Device
from .export import export
from .modelfile import check_fits, joined_terms, read_model
from .networks import Normalised, build
from .pictures import load_pictures
from .recipe import Recipe, load_recipe
from .weights import (STATISTICS_CROPS, is_model, read_checkpoint, read_terms, read_weights, renew_statistics,
                      unfold_batch_norms)
from .whole import written_whole

MEAN_STATISTICS_CROPS = 480
"""Several times what unfolding takes: nothing undoes what these get wrong."""


def averaged(weights: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each weight and statistic; of what only counts, the last one's."""
    return {name: torch.stack([w[name] for w in weights]).mean(0) if last.is_floating_point() else last
            for name, last in weights[-1].items()}


def _files(runs: list[Path], unfolds: bool) -> list[Path]:
    files = [run if is_model(run) else run / "checkpoint.pt" for run in runs]
    if len({is_model(file) for file in files}) > 1 and not unfolds:
        raise ValueError("give runs only, or model files only: the batch norms of model files are folded into the "
                         "convolutions, those of runs are not; a run's model file is in its folder, and with "
                         "--statistics-from both can be given")
    return files


class _Batches:
    """Crops of the recipe's training pictures, of its last phase's own size: nearest to those of use."""

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.phase = replace(recipe.phases[-1], also=())
        # Pictures alone: nobody is asked what they show.
        self.crops = Crops(replace(recipe, distillation=None), load_pictures(recipe, data).training)

    def first(self, count: int) -> Iterator[Tensor]:
        return (self.crops.make(number, self.phase)[0] for number in range(0, count, self.phase.batch))


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


def _unfolded(weights: dict[str, Tensor], network: Normalised, batches: _Batches) -> dict[str, Tensor]:
    network.load_state_dict(weights)
    unfold_batch_norms(network, batches.first(STATISTICS_CROPS))
    return {name: value.clone() for name, value in network.state_dict().items()}


def _mean(files: list[Path], network: Normalised, recipe: Recipe, batches: _Batches | None) -> None:
    """Makes `network` the mean of what the files hold."""
    weights = [_weights(file, network, recipe) for file in files]
    if batches is None:
        network.load_state_dict(averaged(weights))
        return
    network.load_state_dict(averaged([_unfolded(each, network, batches) if is_model(file) else each
                                      for file, each in zip(files, weights)]))
    renew_statistics(network, batches.first(MEAN_STATISTICS_CROPS))


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
                        help="folder for average.pt, which --from takes (of runs, or with --statistics-from), and the "
                             "float ONNX")
    parser.add_argument("--statistics-from", type=Path, metavar="DATA",
                        help="folder of the recipe's data sets: tell the mean's batch norms what reaches them now")
    arguments = parser.parse_args()
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        network = build(recipe.network, len(recipe.class_names), recipe.mean, recipe.std).eval()
        files = _files(arguments.runs, unfolds=arguments.statistics_from is not None)
        batches = _Batches(recipe, arguments.statistics_from) if arguments.statistics_from else None
        _mean(files, network, recipe, batches)
        terms = joined_terms(recipe.terms, *(read_terms(file, Device("cpu")) for file in files))
        # Folded batch norms are nothing to train on: `--from` unfolds those of a model file.
        if batches or not is_model(files[0]):
            _save(network, terms, arguments.output / "average.pt")
        onnx_file = arguments.output / f"{arguments.recipe.stem}-float.onnx"
        export(network, recipe.view, onnx_file, recipe.classes, terms)
        print(onnx_file)


if __name__ == "__main__":
    main()

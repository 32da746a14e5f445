"""Scores of a network on a whole set: predictions upsampled to the labels' own size, one confusion matrix."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .commands import bad_input_exits, positive
from .datasets import Sample
from .disturb import Disturbance, disturbances
from .modelfile import check_fits, damaged, read_model
from .pictures import load_road_validation, load_validation
from .recipe import Recipe, load_recipe


@dataclass(frozen=True)
class Scores:
    """What a confusion matrix (rows: truth, columns: prediction) says."""

    confusion: np.ndarray
    road: int = 0
    """Which class is the road."""

    @property
    def iou(self) -> np.ndarray:
        """IoU of each class; NaN where neither truth nor prediction has it."""
        hit = np.diag(self.confusion).astype(float)
        union = self.confusion.sum(0) + self.confusion.sum(1) - hit
        return np.divide(hit, union, out=np.full(len(hit), np.nan), where=union > 0)

    @property
    def road_iou(self) -> float:
        """IoU of the road."""
        return float(self.iou[self.road])

    @property
    def miou(self) -> float:
        """Mean IoU over the classes that occur."""
        return float(np.nanmean(self.iou))

    @property
    def pixel_accuracy(self) -> float:
        """Share of labelled pixels that are right."""
        return float(np.diag(self.confusion).sum() / self.confusion.sum())

    def line(self) -> str:
        """One line for logs."""
        each = " ".join(f"{v:.3f}" for v in self.iou)
        return f"road {self.road_iou:.4f} miou {self.miou:.4f} accuracy {self.pixel_accuracy:.4f} classes {each}"


def to_batch(image: np.ndarray, view: tuple[int, int]) -> Tensor:
    """A picture as the network wants it: the whole of it resized to `view` (height, width), RGB 0..255."""
    if image.shape[:2] != view:
        image = cv2.resize(image, (view[1], view[0]), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()


def class_map(logits: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Logits to classes at any size: bilinear with half-pixel centres, then argmax."""
    full = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    return full[0].argmax(0).to(torch.uint8).numpy()


@torch.inference_mode()
def evaluate(predict: Callable[[Tensor], Tensor], samples: Iterable[Sample], view: tuple[int, int], classes: int,
             road: int = 0, disturb: Disturbance | None = None) -> Scores:
    """Scores of `predict` (batch to logits) over `samples`, each disturbed first if so wished."""
    confusion = np.zeros((classes, classes), np.int64)
    for sample in samples:
        if disturb:
            sample = disturb(sample)
        prediction = class_map(predict(to_batch(sample.image, view)), sample.label.shape)
        known = sample.label < classes
        pairs = sample.label[known].astype(np.int64) * classes + prediction[known]
        confusion += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return Scores(confusion, road)


def exact_session(model: str | bytes, threads: int = 0) -> Any:
    """A session of ONNX Runtime that sums bytes exactly on every processor, with `threads` (0: as many as it likes).

    With AVX2 and without VNNI its sums of two products saturate at 16 bits unless it is told otherwise: the shipped
    ContextNet then gave another class in 2 % of the cells of a motorway's picture.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def onnx_network(path: Path, recipe: Recipe, threads: int) -> Callable[[Tensor], Tensor]:
    """An exported network, float or int8, run by ONNX Runtime. Raises `ValueError` on one that is not the recipe's."""
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    model = read_model(path)
    check_fits(path, model, recipe.view, recipe.classes)
    try:
        session = exact_session(model.SerializeToString(), threads)
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.InvalidProtobuf, errors.NotImplemented,
            errors.RuntimeException) as error:
        raise damaged(path) from error
    return lambda batch: torch.from_numpy(session.run(None, {session.get_inputs()[0].name: batch.numpy()})[0])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.evaluate", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("model", type=Path, help="an exported ONNX file")
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--robustness", action="store_true", help="also score disturbed pictures: night, blur, ...")
    parser.add_argument("--road", action="store_true",
                        help="also score the road of data sets whose labels do not tell all other classes apart")
    parser.add_argument("--threads", type=positive(int), default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        predict = onnx_network(arguments.model, recipe, arguments.threads)
        validation = load_validation(recipe, arguments.data)
        if not validation and not arguments.road:
            raise ValueError(f"{arguments.recipe}: nothing to score: val of each data set is trained on, or its labels "
                             "do not tell all classes apart; take `roadseg evaluate --list`")
        for name, samples in validation.items():
            for label, disturb in disturbances(recipe).items():
                scores = evaluate(predict, samples, recipe.view, len(recipe.class_names), recipe.classes.road, disturb)
                print(f"{name} {label}: {scores.line()}", flush=True)
                if not arguments.robustness:
                    break
        for name, samples in load_road_validation(recipe, arguments.data).items() if arguments.road else ():
            labels = len(recipe.class_names) + len(recipe.groups)
            scores = evaluate(predict, samples, recipe.view, labels, recipe.classes.road)
            print(f"{name} none: road {scores.road_iou:.4f}; its labels do not tell all other classes apart")


if __name__ == "__main__":
    main()

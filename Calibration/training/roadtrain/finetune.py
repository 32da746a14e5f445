"""Quantization-aware fine-tuning: the last steps of training, computed as the runtime computes.

    python -m roadtrain.finetune recipes/contextnet-driving7.yaml runs/contextnet/contextnet-driving7-float.onnx \\
        --data DATA --output contextnet-int8.onnx

The float network is calibrated as `roadseg quantize` does it (less its bias correction, which training makes
needless), then trained on with every byte as the runtime would have it, and exported with the very scales it was
trained with.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from .commands import bad_input_exits, not_negative, positive
from .crops import Crops
from .datasets import Sample
from .device import Device
from .evaluate import evaluate, to_batch
from .integers import qdq
from .integers.network import IntegerNetwork
from .logs import RunLog, log
from .losses import segmentation_loss
from .modelfile import check_fits, read_model
from .pictures import Pictures, load_pictures
from .recipe import Recipe, load_recipe

LOG_STEPS = 20


def spread(sets: list[list[Sample]], count: int) -> list[Sample]:
    """`count` pictures, evenly spread over all the sets; all of them where there are fewer."""
    samples = [sample for samples in sets for sample in samples]
    count = min(count, len(samples))
    return [samples[i * len(samples) // count] for i in range(count)]


def read_float_model(path: Path, recipe: Recipe) -> onnx.ModelProto:
    """A float network that `roadtrain.train` exported, for the recipe's view and classes."""
    model = read_model(path)
    if any(node.op_type.endswith("QuantizeLinear") for node in model.graph.node):
        raise ValueError(f"{path}: is quantized already; give the float model that it was made from")
    check_fits(path, model, recipe.view, recipe.classes)
    return model


class FineTuner:
    """An integer network, its average over the last steps, and one step of training."""

    def __init__(self, recipe: Recipe, model: onnx.ModelProto, device: Device) -> None:
        self.recipe, self.device = recipe, device
        device.seed(recipe.seed)
        self.model = IntegerNetwork(model).to(device.torch)
        self.average = self.model
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=recipe.quantization.learning_rate)
        self.class_weights = torch.tensor(recipe.weights, device=device.torch)
        self.steps = 0

    def calibrate(self, samples: list[Sample]) -> None:
        """Chooses the ranges of all activations; they stay as they are from here on."""
        def pictures() -> Iterator[Tensor]:
            for sample in samples:
                yield self.device.move(to_batch(sample.image, self.recipe.view))

        self.model.calibrate(pictures, self.recipe.quantization.percentile)
        self.average = copy.deepcopy(self.model)

    def step(self, images: Tensor, labels: Tensor, rate: float) -> float:
        """One step; gives the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(self.device.move(images))
        loss = segmentation_loss([logits], self.device.move(labels), self.class_weights, list(self.recipe.losses), 0.0,
                                 self.recipe.groups)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        if not torch.isfinite(norm):
            raise FloatingPointError(f"step {self.steps}: the gradient is not finite: "
                                     "lower quantization's learning_rate")
        self.optimizer.step()
        self.steps += 1
        keep = min(0.99, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.model.parameters()):
                mean.lerp_(now, 1 - keep)
        return loss.item()

    def train(self, crops: Crops, run_log: RunLog) -> None:
        """The recipe's `quantization` steps, the rate falling to nothing."""
        wanted, losses, started = self.recipe.quantization, [], time.monotonic()
        for step in range(wanted.steps):
            images, labels = crops.next(step * wanted.batch, 0)
            rate = wanted.learning_rate * (1 + math.cos(math.pi * step / wanted.steps)) / 2
            losses.append(self.step(images, labels, rate))
            if self.steps % LOG_STEPS == 0:
                loss, minutes = float(np.mean(losses[-LOG_STEPS:])), (time.monotonic() - started) / 60
                log(f"step {self.steps} of {wanted.steps} loss {loss:.4f} minutes {minutes:.1f}")
                run_log.scalars(self.steps, {"int8/loss": loss, "int8/rate": rate})

    def predict(self, batch: Tensor) -> Tensor:
        """Logits of the averaged integer network, on the CPU."""
        return self.average(self.device.move(batch)).cpu()

    def report(self, validation: dict[str, list[Sample]], run_log: RunLog) -> None:
        """Scores of the integer network, as `roadseg evaluate` gives them."""
        recipe = self.recipe
        for name, samples in validation.items():
            scores = evaluate(self.predict, samples, recipe.view, len(recipe.class_names), recipe.classes.road)
            log(f"int8 after {self.steps} steps, {name}, {len(samples)} pictures: {scores.line()}")
            run_log.scalars(self.steps, {f"int8/{name}/road": scores.road_iou, f"int8/{name}/miou": scores.miou})


def finetune(recipe: Recipe, model: onnx.ModelProto, pictures: Pictures, output: Path, device: Device,
             glance: int = 3) -> FineTuner:
    """Calibrate, train the recipe's `quantization` steps at the size of use, score before and after, write the int8
    model.

    `glance`: every so many-th validation picture is scored before and after.
    """
    wanted = recipe.quantization
    output.parent.mkdir(parents=True, exist_ok=True)
    tuner, run_log = FineTuner(recipe, model, device), RunLog(output.parent)
    calibration = spread(pictures.training, wanted.calibration)
    tuner.calibrate(calibration)
    validation = {name: samples[::glance] for name, samples in pictures.validation.items()}
    tuner.report(validation, run_log)
    # Integer layers have the sizes of the exported graph: crops are whole views.
    phase = replace(recipe.phases[-1], size=recipe.view, batch=wanted.batch)
    crops = Crops(replace(recipe, phases=[phase], seed=recipe.seed + 1), pictures.training, device.pin)
    try:
        tuner.train(crops, run_log)
    finally:
        crops.close()
    if wanted.steps:
        tuner.report(validation, run_log)
    seen = [(s.file.name, hashlib.sha256(s.file.read_bytes()).hexdigest()) for s in calibration if s.file]
    qdq.write(tuner.average, output, seen)
    log(f"wrote {output}")
    return tuner


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.finetune", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("model", type=Path, help="the float ONNX that training exported")
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--output", type=Path, required=True, help="the int8 ONNX to write")
    parser.add_argument("--steps", type=not_negative(int), help="how many (default: the recipe's); 0 only calibrates")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda, cuda:1")
    parser.add_argument("--threads", type=positive(int), default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        if arguments.steps is not None:
            recipe = replace(recipe, quantization=replace(recipe.quantization, steps=arguments.steps))
        model = read_float_model(arguments.model, recipe)
        pictures = load_pictures(recipe, arguments.data)
        finetune(recipe, model, pictures, arguments.output, Device(arguments.device))


if __name__ == "__main__":
    main()

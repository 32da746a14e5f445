"""One step of training, and the checkpoint that a run goes on from."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .crops import Crops
from .device import Device
from .logs import log
from .losses import distillation_loss, segmentation_loss, taught_loss
from .modelfile import joined_terms
from .names import unknown
from .networks import build
from .recipe import Recipe
from .teachers import Teachers, teachers_terms
from .weights import (STATISTICS_CROPS, is_model, read_checkpoint, read_terms, read_weights,
                      unfold_batch_norms)
from .whole import written_whole


@dataclass
class Progress:
    """How far a run is; saved with its weights."""

    step: int = 0
    seen: int = 0
    seconds: float = 0.0
    phase: int = 0
    step_in_phase: int = 0
    best: float = -1.0
    """Highest mIoU on held-out drives so far."""


def freeze(network: nn.Module, parts: list[str]) -> None:
    """Make `parts`, such as "stages.0", keep their weights and the statistics of their batch norms.

    A part is a module of the network, or one of such a module. Raises `ValueError` on another name, and where nothing
    is left to be trained.
    """
    known = [name for name, _ in network.named_modules() if name and name.count(".") < 2]
    for name in parts:
        if name not in known:
            raise ValueError(f"frozen: {unknown('part', name, known)}")
        network.get_submodule(name).requires_grad_(False).eval()
    if not any(p.requires_grad for p in network.parameters()):
        raise ValueError("frozen: nothing is left to be trained")


class Trainer:
    """Network, averaged network, optimiser and progress, and one step of training."""

    def __init__(self, recipe: Recipe, device: Device | None = None) -> None:
        self.recipe, self.device = recipe, device or Device("cpu")
        self.device.seed(recipe.seed)
        self.model = build(recipe.network, len(recipe.class_names), recipe.mean, recipe.std, recipe.dropout)
        self.model = self.device.place(self.model).train()
        freeze(self.model.network, recipe.frozen)
        self.ema = copy.deepcopy(self.model).eval()
        wanted = recipe.distillation
        self.teacher = Teachers(recipe, self.device) if wanted and not wanted.once else None
        self.optimizer = self._optimizer()
        self.class_weights = torch.tensor(recipe.weights, device=self.device.torch)
        self.progress = Progress()
        self.terms = joined_terms(recipe.terms, teachers_terms(recipe, self.device))
        """What may be done with the weights: the recipe's, its teacher's, and what is said of those it began with."""

    def _optimizer(self) -> torch.optim.Optimizer:
        recipe = self.recipe
        # Decay draws filters, not the scales and offsets of batch norms, towards nothing.
        learnt = [p for p in self.model.parameters() if p.requires_grad]
        filters = [p for p in learnt if p.ndim > 1]
        others = [p for p in learnt if p.ndim <= 1]
        groups = [{"params": filters, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        if recipe.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True)
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe.optimizer]
        return kind(groups, lr=recipe.learning_rate)

    def loss(self, images: Tensor, labels: Tensor, said: Tensor | None = None) -> Tensor:
        """The recipe's losses on one batch; `said`: what teachers said of its pictures before, as `Crops` gives it."""
        bfloat16 = self.recipe.phases[self.progress.phase].bfloat16
        with self.device.autocast(bfloat16):
            outputs = self.model(images)
        outputs = [output.float() for output in outputs]
        loss = segmentation_loss(outputs, labels, self.class_weights, list(self.recipe.losses), self.recipe.auxiliary,
                                 self.recipe.groups)
        distillation = self.recipe.distillation
        if said is not None:
            loss = loss + distillation.weight * taught_loss(outputs[0], said, distillation.temperature)
        if self.teacher is not None:
            with torch.no_grad(), self.device.autocast(bfloat16):
                wanted = self.teacher(images)
            loss = loss + distillation.weight * distillation_loss(outputs[0], wanted.float(), distillation.temperature)
        return loss

    def step(self, images: Tensor, labels: Tensor, rate: float, said: Tensor | None = None) -> float:
        """One step; gives the loss."""
        # What dropout leaves out depends on the seed and the step alone, as crops on their number: runs can resume.
        torch.manual_seed(int(np.random.SeedSequence([self.recipe.seed, self.progress.step]).generate_state(1)[0]))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.device.move(images), self.device.move(labels),
                         None if said is None else self.device.move(said))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        if not torch.isfinite(norm):
            raise FloatingPointError(f"step {self.progress.step}: the gradient is not finite: lower learning_rate, "
                                     "or train without bfloat16")
        self.optimizer.step()
        self._average()
        self.progress.step += 1
        self.progress.step_in_phase += 1
        self.progress.seen += len(images)
        return loss.item()

    @torch.no_grad()
    def _average(self) -> None:
        """Moves the averaged network towards the trained one; faster in the first steps, to forget the start."""
        keep = min(self.recipe.ema, (1 + self.progress.step) / (10 + self.progress.step))
        for mean, now in zip(self.ema.state_dict().values(), self.model.state_dict().values()):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def predict(self, batch: Tensor) -> Tensor:
        """Logits of the averaged network, on the CPU."""
        return self.ema(self.device.move(batch)).cpu()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {"model": self.model.state_dict(), "ema": self.ema.state_dict(),
                 "optimizer": self.optimizer.state_dict(), "progress": vars(self.progress),
                 "terms": self.terms, "optimizer_name": self.recipe.optimizer, "network": self.recipe.network,
                 "class_names": list(self.recipe.class_names), "frozen": self.recipe.frozen}
        with written_whole(path) as unfinished:
            torch.save(state, unfinished)

    def begin_from(self, path: Path, crops: Crops) -> None:
        """Start with the averaged weights of another run's checkpoint, or with those of a model file, float or int8;
        schedule and optimiser begin anew.

        Of another set of classes everything but the classifiers is taken: those begin at random. A model file's batch
        norms take their statistics from the first of `crops`.
        """
        weights, own = read_weights(path, self.ema, self.device), self.ema.state_dict()
        other = [name for name in own if own[name].shape != weights[name].shape]
        classes = len(self.recipe.class_names)
        if strange := [name for name in other if classes not in own[name].shape]:
            raise ValueError(f"{path}: {strange[0]} has another shape than in '{self.recipe.network}'")
        learnt = {name for name, parameter in self.model.named_parameters() if parameter.requires_grad}
        if stuck := [name for name in other if name not in learnt]:
            raise ValueError(f"{path} has another number of classes: frozen, {stuck[0]} would stay at random")
        if other:
            log(f"{path} has another number of classes: {', '.join(other)} begin at random")
        self.ema.load_state_dict({name: own[name] if name in other else weights[name] for name in own})
        if is_model(path):
            phase = self.recipe.phases[0]
            first = range(0, STATISTICS_CROPS, phase.batch)
            unfold_batch_norms(self.ema, (self.device.move(crops.make(number, phase)[0]) for number in first))
        self.model.load_state_dict(self.ema.state_dict())
        self.terms = joined_terms(self.terms, read_terms(path, self.device))

    def _differences(self, saved: dict[str, Any]) -> Iterator[str]:
        """Why a checkpoint is not of a run with this recipe."""
        for name, own in (("network", self.recipe.network), ("class_names", list(self.recipe.class_names))):
            if saved.get(name) != own:
                yield f"belongs to a run with {name} {saved.get(name)}, the recipe has {own}"
        then, now = (", ".join(parts) or "nothing" for parts in (saved.get("frozen", []), self.recipe.frozen))
        if then != now:
            yield f"belongs to a run with frozen {then}, the recipe has {now}"
        # Checkpoints of before do not say it.
        if (optimizer := saved.get("optimizer_name", self.recipe.optimizer)) != self.recipe.optimizer:
            yield f"belongs to a run with optimizer {optimizer}, the recipe has {self.recipe.optimizer}"
        if (phase := saved["progress"]["phase"]) >= len(self.recipe.phases):
            yield f"is in phase {phase}, the recipe ends before"

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint of a run with this recipe."""
        saved = read_checkpoint(path, self.device)
        for difference in self._differences(saved):
            raise ValueError(f"{path}: {difference}: take another --output, or remove it to begin anew")
        self.model.load_state_dict(saved["model"])
        self.ema.load_state_dict(saved["ema"])
        decays = [group["weight_decay"] for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(saved["optimizer"])
        for group, decay in zip(self.optimizer.param_groups, decays):
            group["weight_decay"] = decay  # the recipe's of now, as with all that it says
        self.progress = Progress(**saved["progress"])
        self.terms = joined_terms(self.terms, saved.get("terms"))

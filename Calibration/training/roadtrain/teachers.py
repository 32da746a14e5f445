"""Teachers: trained networks whose mean a student follows besides the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .datasets import Sample
from .device import Device
from .evaluate import onnx_network, to_batch
from .geometry import SCORES_STRIDE
from .logs import log
from .modelfile import joined_terms
from .networks import Normalised, build
from .recipe import Recipe, Teacher
from .weights import is_model, read_terms, read_weights
from .whole import written_whole

LOG_PICTURES = 500


class Teachers(nn.Module):
    """Averaged networks of the recipe's teachers, not to be trained. Maps a batch of pictures to the logarithm of their
    mean probabilities, at the finest of their strides; of one teacher, to its logits.
    """

    def __init__(self, recipe: Recipe, device: Device) -> None:
        super().__init__()
        self.networks = nn.ModuleList(_network(recipe, t, device) for t in recipe.distillation.teachers)
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        logits = [network(images).float() for network in self.networks]
        if len(logits) == 1:
            return logits[0]
        size = max((each.shape[2:] for each in logits), key=lambda shape: shape[0])
        finest = (each if each.shape[2:] == size else
                  F.interpolate(each, size=size, mode="bilinear", align_corners=False) for each in logits)
        return torch.stack([each.softmax(1) for each in finest]).mean(0).clamp_min(1e-12).log()


def _network(recipe: Recipe, teacher: Teacher, device: Device) -> Normalised:
    network = build(teacher.network, len(recipe.class_names), recipe.mean, recipe.std)
    if not Path(teacher.checkpoint).exists():
        raise ValueError(f"{teacher.checkpoint}: there is no such checkpoint of the teacher; train it first")
    weights = read_weights(Path(teacher.checkpoint), network, device)
    if other := [name for name, own in network.state_dict().items() if own.shape != weights[name].shape]:
        raise ValueError(f"{teacher.checkpoint}: {other[0]} has another shape than in '{teacher.network}'; "
                         "a teacher has its student's classes")
    network.load_state_dict(weights)
    return device.place(network)


def teachers_terms(recipe: Recipe, device: Device) -> str | None:
    """What may be done with what they teach, where they say so."""
    if recipe.distillation is None:
        return None
    return joined_terms(*(read_terms(Path(t.checkpoint), device) for t in recipe.distillation.teachers))


def taught(recipe: Recipe, sets: list[list[Sample]], device: Device, kept: Path) -> list[list[Sample]]:
    """The pictures with what the recipe's teachers say of each, as it is and whole. Kept in the file `kept`, so that a
    run that goes on need not ask again.
    """
    samples = [sample for each in sets for sample in each]
    scores = _kept(kept, key := _key(recipe, samples))
    if scores is None:
        log(f"{len(recipe.distillation.teachers)} teachers look at {len(samples)} pictures")
        scores = _look(recipe, samples, device)
        with written_whole(kept) as unfinished, unfinished.open("wb") as file:
            np.savez(file, key=key, scores=scores)
    each = iter(scores)
    return [[replace(sample, scores=next(each)) for sample in samples] for samples in sets]


def _key(recipe: Recipe, samples: list[Sample]) -> str:
    """Of pictures, teachers and view."""
    digest = hashlib.sha256(repr((recipe.view, [t.network for t in recipe.distillation.teachers])).encode())
    for teacher in recipe.distillation.teachers:
        digest.update(Path(teacher.checkpoint).read_bytes())
    for sample in samples:
        digest.update(sample.image)
    return digest.hexdigest()


def _kept(path: Path, key: str) -> np.ndarray | None:
    if not path.exists():
        return None
    try:
        with np.load(path) as saved:
            return saved["scores"] if saved["key"] == key else None
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ValueError(f"{path}: is damaged: remove it, and the teachers look again") from error


def _look(recipe: Recipe, samples: Sequence[Sample], device: Device) -> np.ndarray:
    says = [_say(recipe, teacher, device) for teacher in recipe.distillation.teachers]
    size = tuple(side // SCORES_STRIDE for side in recipe.view)
    scores = np.empty((len(samples), *size, len(recipe.class_names)), np.uint8)
    for i, sample in enumerate(samples):
        batch = to_batch(sample.image, recipe.view)
        each = (F.interpolate(say(batch), size=size, mode="bilinear", align_corners=False) for say in says)
        mean = torch.stack([logits[0].softmax(0) for logits in each]).mean(0)
        scores[i] = (255 * mean).round().permute(1, 2, 0).byte().numpy()
        if (i + 1) % LOG_PICTURES == 0:
            log(f"looked at {i + 1}")
    return scores


def _say(recipe: Recipe, teacher: Teacher, device: Device) -> Callable[[Tensor], Tensor]:
    """From a picture to the teacher's logits. A model file is run as it is, by ONNX Runtime: an int8 one takes a
    quarter of the time of the float network that it stands for.
    """
    path = Path(teacher.checkpoint)
    network = _network(recipe, teacher, device).eval()
    if is_model(path):
        return onnx_network(path, recipe, torch.get_num_threads())

    @torch.inference_mode()
    def say(batch: Tensor) -> Tensor:
        return network(device.move(batch)).float().cpu()

    return say

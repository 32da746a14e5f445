"""Losses on logits and labels. A recipe names those it wants, and how much each counts.

Each is a mean over what is labelled: void pixels have no part in it, and a batch without any labelled pixel has loss 0
and no gradient, never a division by nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from .datasets import VOID
from .names import unknown
from .typed import NotNegative, Share, fitted


@dataclass
class Prediction:
    """What losses read: logits N x C x H x W, labels N x H x W, and what several of them need, computed once.

    Label C + i stands for one of the classes `groups[i]`, it does not say which. Cross entropies take the probability
    of the group, the sum of its classes'; the losses of overlap count the pixels that have one class.
    """

    logits: Tensor
    label: Tensor
    class_weights: Tensor
    groups: tuple[tuple[int, ...], ...] = ()
    log_probabilities: Tensor = field(init=False)
    """Of each class."""
    probabilities: Tensor = field(init=False)
    """Of each class."""
    label_weights: Tensor = field(init=False)
    """Of each class, then of each group: the mean of its classes'."""
    certain: Tensor = field(init=False)
    """Pixels with a class."""
    joined: Tensor = field(init=False)
    """Pixels with a group."""

    def __post_init__(self) -> None:
        self.log_probabilities = self.logits.log_softmax(1)
        self.probabilities = self.log_probabilities.exp()
        weights = [self.class_weights[list(group)].mean()[None] for group in self.groups]
        self.label_weights = torch.cat([self.class_weights, *weights])
        self.certain = self.label < self.logits.shape[1]
        self.joined = (self.label != VOID) & ~self.certain

    def truth(self) -> Tensor:
        """The class, 0 where there is none."""
        return torch.where(self.certain, self.label, 0)

    def true_log_probability(self) -> Tensor:
        """Log probability of the true class or group, one for each labelled pixel: those with a class first."""
        single = self.log_probabilities.gather(1, self.truth()[:, None])[:, 0][self.certain]
        return torch.cat([single, self._group_log_probability()]) if self.groups else single

    def _group_log_probability(self) -> Tensor:
        """Log of the groups' probabilities, the sums of their classes', at the pixels that have one.

        Of these pixels alone: a plane for each group took 70 MB more in a batch of eight crops of 416x544.
        """
        classes = self.logits.shape[1]
        outside = torch.ones(len(self.groups), classes, dtype=torch.bool, device=self.label.device)
        for row, group in zip(outside, self.groups):
            row[list(group)] = False
        of_pixel = outside[self.label[self.joined] - classes]
        return self.log_probabilities.movedim(1, -1)[self.joined].masked_fill(of_pixel, -torch.inf).logsumexp(1)

    def weights(self) -> Tensor:
        """Of the true class or group, in the order of `true_log_probability`."""
        return self.label_weights[torch.cat([self.label[self.certain], self.label[self.joined]])]


def mean(values: Tensor) -> Tensor:
    """The mean; 0, with a gradient of 0, of nothing."""
    return values.sum() / max(values.numel(), 1)


def cross_entropy(p: Prediction) -> Tensor:
    """Mean of -log probability of the true class."""
    return mean(-p.true_log_probability())


def weighted_cross_entropy(p: Prediction) -> Tensor:
    """As `cross_entropy`, the mean weighted by the recipe's `class_weights`."""
    weights = p.weights()
    return -(weights * p.true_log_probability()).sum() / weights.sum().clamp_min(1e-12)


def focal(p: Prediction, gamma: float = 2.0) -> Tensor:
    """Cross entropy with pixels that are right already counting less (Lin et al. 2017): (1 - probability)^gamma."""
    log_probability = p.true_log_probability()
    # Not to nothing: under a gamma of 1 the power's slope is infinite there.
    return mean(-((1 - log_probability.exp()).clamp_min(1e-7) ** gamma) * log_probability)


def ohem(p: Prediction, threshold: float = 0.7, keep: float = 0.25) -> Tensor:
    """Cross entropy of the hard pixels alone (online hard example mining, Shrivastava et al. 2016): those whose true
    class has a probability under `threshold`, and at least the share `keep` of all, the worst first.
    """
    losses = -p.true_log_probability()
    if losses.numel() == 0:
        return mean(losses)
    hard = int((losses.detach() > -torch.log(torch.tensor(threshold))).sum())
    return losses.topk(max(hard, int(keep * losses.numel()), 1)).values.mean()


def areas(p: Prediction) -> tuple[Tensor, Tensor, Tensor]:
    """Of each class: probability on its own pixels, probability on all pixels with a class, number of its pixels."""
    counted, truth = p.certain.to(p.probabilities.dtype), p.truth()
    right = p.probabilities.gather(1, truth[:, None])[:, 0] * counted
    nothing = p.probabilities.new_zeros(p.probabilities.shape[1])
    inside = nothing.index_add(0, truth.flatten(), right.flatten())
    truth_area = nothing.index_add(0, truth.flatten(), counted.flatten())
    return inside, (p.probabilities * counted[:, None]).sum((0, 2, 3)), truth_area


def overlap_loss(overlap: Tensor, truth_area: Tensor) -> Tensor:
    """1 - mean overlap of the classes present; 0 where none is."""
    present = truth_area > 0
    return 1 - overlap[present].mean() if present.any() else overlap.sum() * 0


def jaccard(p: Prediction) -> Tensor:
    """1 - mean IoU over the classes present in the batch, with probabilities for membership.

    Cross entropy alone trades road edges for confidence far from them; this follows the score that counts.
    """
    inside, predicted, truth_area = areas(p)
    return overlap_loss(inside / (predicted + truth_area - inside).clamp_min(1e-12), truth_area)


def dice(p: Prediction) -> Tensor:
    """1 - mean of 2 |A and B| / (|A| + |B|) over the classes present (Milletari et al. 2016, without the squares)."""
    inside, predicted, truth_area = areas(p)
    return overlap_loss(2 * inside / (predicted + truth_area).clamp_min(1e-12), truth_area)


def tversky(p: Prediction, alpha: float = 0.3, beta: float = 0.7) -> Tensor:
    """1 - mean of hits / (hits + alpha false positives + beta misses) over the classes present (Salehi et al. 2017).

    Half and half is Dice, one and one is Jaccard; `beta` over `alpha` finds more of small classes.
    """
    inside, predicted, truth_area = areas(p)
    below = inside + alpha * (predicted - inside) + beta * (truth_area - inside)
    return overlap_loss(inside / below.clamp_min(1e-12), truth_area)


def lovasz(p: Prediction) -> Tensor:
    """Lovász-softmax (Berman et al. 2018): the convex extension of the IoU loss, over the classes present.

    For each class the errors |truth - probability| are sorted, the largest first; each counts as much as putting its
    pixel among the wrong ones raises 1 - IoU.
    """
    probabilities = p.probabilities.permute(1, 0, 2, 3)[:, p.certain]
    truth = p.label[p.certain]
    losses = []
    for index, probability in enumerate(probabilities):
        member = (truth == index).to(probability.dtype)
        if not member.any():
            continue
        errors, order = (member - probability).abs().sort(descending=True)
        sorted_member = member[order]
        area = member.sum()
        loss = 1 - (area - sorted_member.cumsum(0)) / (area + (1 - sorted_member).cumsum(0))
        rise = torch.cat([loss[:1], loss[1:] - loss[:-1]])
        losses.append(errors @ rise)
    return torch.stack(losses).mean() if losses else p.probabilities.sum() * 0


LOSSES: dict[str, Callable[..., Tensor]] = {
    loss.__name__: loss
    for loss in (cross_entropy, weighted_cross_entropy, focal, ohem, jaccard, dice, tversky, lovasz)
}

OPTIONS: dict[str, dict[str, Any]] = {
    "focal": {"gamma": NotNegative}, "ohem": {"threshold": Share, "keep": Share},
    "tversky": {"alpha": NotNegative, "beta": NotNegative},
}
"""What may be set of a loss besides its weight: `tversky: {weight: 0.5, beta: 0.8}`."""


@dataclass(frozen=True)
class WeightedLoss:
    """One term of a sum of losses."""

    name: str
    weight: float
    options: dict[str, float] = field(default_factory=dict)

    def __call__(self, p: Prediction) -> Tensor:
        return self.weight * LOSSES[self.name](p, **self.options)


def parse_losses(values: dict[str, Any], where: str) -> list[WeightedLoss]:
    """The recipe's `losses` mapping: a number, or a mapping with `weight` and the loss's own options."""
    if not isinstance(values, dict):
        raise ValueError(f"{where}: expected names with weights, such as 'cross_entropy: 1.0', found {values!r}")
    terms = []
    for name, value in values.items():
        if name not in LOSSES:
            raise ValueError(f"{where}: {unknown('loss', name, LOSSES)}")
        options = dict(value) if isinstance(value, dict) else {"weight": value}
        weight = fitted(options.pop("weight", 1.0), float, f"{where}: {name}: weight")
        for key in options:
            if key not in OPTIONS.get(name, ()):
                raise ValueError(f"{where}: {name}: {unknown('option', key, ('weight', *OPTIONS.get(name, ())))}")
        if weight < 0:
            raise ValueError(f"{where}: {name}: a loss cannot count {weight}")
        if weight:
            options = {key: fitted(v, OPTIONS[name][key], f"{where}: {name}: {key}") for key, v in options.items()}
            terms.append(WeightedLoss(name, weight, options))
    if not terms:
        raise ValueError(f"{where}: name at least one loss, such as 'cross_entropy: 1.0'")
    return terms


def segmentation_loss(outputs: list[Tensor], label: Tensor, class_weights: Tensor, losses: list[WeightedLoss],
                      auxiliary: float, groups: tuple[tuple[int, ...], ...] = ()) -> Tensor:
    """The sum of `losses` on the main logits, upsampled to the labels, and `auxiliary` times the weighted cross
    entropy of the branch heads, at the coarse size of the main logits. For `groups` see `Prediction`.
    """
    logits = F.interpolate(outputs[0], size=label.shape[1:], mode="bilinear", align_corners=False)
    prediction = Prediction(logits, label, class_weights, groups)
    loss = sum(term(prediction) for term in losses)
    if auxiliary and len(outputs) > 1:
        size = outputs[0].shape[2:]
        coarse = F.interpolate(label[:, None].float(), size=size, mode="nearest-exact")[:, 0].long()
        for output in outputs[1:]:
            output = F.interpolate(output, size=size, mode="bilinear", align_corners=False)
            loss = loss + auxiliary * weighted_cross_entropy(Prediction(output, coarse, class_weights, groups))
    return loss


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL divergence of the student's class probabilities from the teacher's, both softened by `temperature`, times its
    square so that the gradients keep their size (Hinton et al. 2015). Every pixel counts: the teacher knows void, too.

    Teacher logits of another stride are resized to the student's.
    """
    if teacher.shape[2:] != student.shape[2:]:
        teacher = F.interpolate(teacher, size=student.shape[2:], mode="bilinear", align_corners=False)
    wanted = (teacher / temperature).log_softmax(1)
    given = (student / temperature).log_softmax(1)
    return temperature**2 * (wanted.exp() * (wanted - given)).sum(1).mean()


def taught_loss(student: Tensor, probabilities: Tensor, temperature: float) -> Tensor:
    """As `distillation_loss`, of what teachers said before: probabilities N x C x H x W that add up to 1, or to 0 where
    they said nothing, which does not count.
    """
    if probabilities.shape[2:] != student.shape[2:]:
        student = F.interpolate(student, size=probabilities.shape[2:], mode="bilinear", align_corners=False)
    known = probabilities.sum(1) > 0.5
    # Bytes say nothing of what is less likely than 1 / 255; softened, that would count.
    wanted = (probabilities.clamp_min(1 / 1024).log() / temperature).log_softmax(1)
    given = (student / temperature).log_softmax(1)
    return temperature**2 * mean((wanted.exp() * (wanted - given)).sum(1)[known])

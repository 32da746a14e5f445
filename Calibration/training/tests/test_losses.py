"""Every loss against its definition, written out pixel by pixel in numpy, and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from roadtrain.datasets import VOID
from roadtrain.losses import LOSSES, Prediction, WeightedLoss, distillation_loss, parse_losses, segmentation_loss

CLASSES = 4
WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0])


def made(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels with void; class 2 occurs nowhere."""
    rng = np.random.default_rng(seed)
    label = rng.choice([0, 1, 3, VOID], (2, 5, 6), p=[0.5, 0.2, 0.2, 0.1])
    return rng.normal(0, 2, (2, CLASSES, 5, 6)), label


def pixels(logits: np.ndarray, label: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Class probabilities and truth of each labelled pixel."""
    out = []
    for n, y, x in np.ndindex(label.shape):
        if label[n, y, x] != VOID:
            powers = np.exp(logits[n, :, y, x] - logits[n, :, y, x].max())
            out.append((powers / powers.sum(), int(label[n, y, x])))
    return out


def slow_cross_entropy(p: list) -> float:
    return sum(-math.log(q[t]) for q, t in p) / len(p)


def slow_weighted_cross_entropy(p: list) -> float:
    return sum(-WEIGHTS[t] * math.log(q[t]) for q, t in p) / sum(WEIGHTS[t] for _, t in p)


def slow_focal(p: list) -> float:
    return sum(-((1 - q[t]) ** 2) * math.log(q[t]) for q, t in p) / len(p)


def slow_ohem(p: list) -> float:
    worst = sorted((q[t] for q, t in p))
    kept = max(sum(q < 0.7 for q in worst), int(0.25 * len(worst)), 1)
    return sum(-math.log(q) for q in worst[:kept]) / kept


def slow_overlap(p: list, overlap) -> float:
    """1 - mean over the classes present of `overlap`(hits, false positives, misses), counted in probability."""
    values = []
    for c in range(CLASSES):
        if any(t == c for _, t in p):
            hits = sum(q[c] for q, t in p if t == c)
            wrong = sum(q[c] for q, t in p if t != c)
            missed = sum(1 - q[c] for q, t in p if t == c)
            values.append(overlap(hits, wrong, missed))
    return 1 - sum(values) / len(values)


def slow_lovasz(p: list) -> float:
    """The Lovász extension of the Jaccard loss by its definition: set by set along the sorted errors."""
    def jaccard_loss(mistaken: set[int], members: set[int]) -> float:
        return len(mistaken) / len(members | mistaken)

    losses = []
    for c in range(CLASSES):
        members = {i for i, (_, t) in enumerate(p) if t == c}
        if not members:
            continue
        errors = [1 - q[c] if t == c else q[c] for q, t in p]
        order = sorted(range(len(p)), key=lambda i: -errors[i])
        loss, before, mistaken = 0.0, 0.0, set()
        for i in order:
            mistaken.add(i)
            now = jaccard_loss(mistaken, members)
            loss += errors[i] * (now - before)
            before = now
        losses.append(loss)
    return sum(losses) / len(losses)


SLOW = {
    "cross_entropy": slow_cross_entropy, "weighted_cross_entropy": slow_weighted_cross_entropy, "focal": slow_focal,
    "ohem": slow_ohem, "lovasz": slow_lovasz,
    "jaccard": lambda p: slow_overlap(p, lambda h, w, m: h / (h + w + m)),
    "dice": lambda p: slow_overlap(p, lambda h, w, m: 2 * h / (2 * h + w + m)),
    "tversky": lambda p: slow_overlap(p, lambda h, w, m: h / (h + 0.3 * w + 0.7 * m)),
}


def predicted(logits: np.ndarray, label: np.ndarray) -> Prediction:
    return Prediction(torch.tensor(logits, requires_grad=True), torch.tensor(label), torch.tensor(WEIGHTS))


def grouped(logits: np.ndarray, label: np.ndarray) -> Prediction:
    return Prediction(torch.tensor(logits, requires_grad=True), torch.tensor(label), torch.tensor(WEIGHTS), GROUPS)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_losses_are_their_definitions(name: str, seed: int) -> None:
    logits, label = made(seed)
    assert LOSSES[name](predicted(logits, label)).item() == pytest.approx(SLOW[name](pixels(logits, label)), rel=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_void_alone_has_neither_loss_nor_gradient(name: str) -> None:
    logits, label = made()
    p = predicted(logits, np.full_like(label, VOID))
    loss = LOSSES[name](p)
    loss.backward()
    assert loss.item() == 0 and p.logits.grad.abs().max() == 0


@pytest.mark.parametrize("name", LOSSES)
def test_void_pixels_do_not_matter(name: str) -> None:
    logits, label = made()
    other = np.where((label == VOID)[:, None], 7.0, logits)
    other[:, 1] += np.where(label == VOID, 5.0, 0)
    assert LOSSES[name](predicted(logits, label)).item() == pytest.approx(LOSSES[name](predicted(other, label)).item())


@pytest.mark.parametrize("name", LOSSES)
def test_being_right_costs_nothing_and_being_wrong_much(name: str) -> None:
    _, label = made()
    right = np.moveaxis(np.eye(CLASSES)[np.where(label == VOID, 0, label)], 3, 1) * 60
    assert LOSSES[name](predicted(right, label)).item() == pytest.approx(0, abs=1e-9)
    assert LOSSES[name](predicted(np.roll(right, 1, 1), label)).item() > 0.99


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_value(name: str) -> None:
    logits, label = made(4)
    p = predicted(logits, label)
    LOSSES[name](p).backward()
    step = np.random.default_rng(5).normal(0, 1e-6, logits.shape)
    rise = (LOSSES[name](predicted(logits + step, label)) - LOSSES[name](predicted(logits - step, label))).item() / 2
    assert rise == pytest.approx((p.logits.grad.numpy() * step).sum(), rel=1e-4, abs=1e-12)


def test_one_class_everywhere() -> None:
    logits, label = made()
    for name in LOSSES:
        assert math.isfinite(LOSSES[name](predicted(logits, np.zeros_like(label))).item()), name


def test_options_change_the_loss() -> None:
    logits, label = made()
    p = pixels(logits, label)
    tversky = LOSSES["tversky"](predicted(logits, label), alpha=1.0, beta=1.0).item()
    assert tversky == pytest.approx(SLOW["jaccard"](p))
    assert LOSSES["tversky"](predicted(logits, label), alpha=0.5, beta=0.5).item() == pytest.approx(SLOW["dice"](p))
    assert LOSSES["focal"](predicted(logits, label), gamma=0.0).item() == pytest.approx(SLOW["cross_entropy"](p))
    assert LOSSES["ohem"](predicted(logits, label), keep=1.0).item() == pytest.approx(SLOW["cross_entropy"](p))


def test_a_recipes_sum_is_a_sum() -> None:
    logits, label = made()
    terms = parse_losses({"cross_entropy": 1.0, "dice": 0.5, "tversky": {"weight": 2, "beta": 0.6}}, "here")
    total = segmentation_loss([torch.tensor(logits)], torch.tensor(label), torch.tensor(WEIGHTS), terms, 0.3)
    p = predicted(logits, label)
    wanted = LOSSES["cross_entropy"](p) + 0.5 * LOSSES["dice"](p) + 2 * LOSSES["tversky"](p, beta=0.6)
    assert total.item() == pytest.approx(wanted.item())


GROUPS = ((1, 3), (0, 2, 3))


def test_focal_learns_from_sure_pixels_with_any_gamma() -> None:
    """A probability of 1 lies where a power under 1 has no slope."""
    logits = torch.tensor([40.0, -40.0, 0.0, 0.0]).view(1, 4, 1, 1).requires_grad_()
    LOSSES["focal"](Prediction(logits, torch.zeros(1, 1, 1, dtype=torch.long), torch.ones(4)), gamma=0.5).backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "ohem"])
def test_a_group_is_as_likely_as_its_classes_together(name: str) -> None:
    logits, label = made()
    label[0, :2], label[1, 2:4] = CLASSES, CLASSES + 1
    together = [(np.append(q, [q[list(g)].sum() for g in GROUPS]), t) for q, t in pixels(logits, label)]
    assert LOSSES[name](grouped(logits, label)).item() == pytest.approx(SLOW[name](together), rel=1e-9)


def test_a_group_weighs_the_mean_of_its_classes() -> None:
    logits, label = made()
    label[0, :2], label[1, 2:4] = CLASSES, CLASSES + 1
    weights = [*WEIGHTS, WEIGHTS[[1, 3]].mean(), WEIGHTS[[0, 2, 3]].mean()]
    together = [(np.append(q, [q[list(g)].sum() for g in GROUPS]), t) for q, t in pixels(logits, label)]
    wanted = sum(-weights[t] * math.log(q[t]) for q, t in together) / sum(weights[t] for _, t in together)
    assert LOSSES["weighted_cross_entropy"](grouped(logits, label)).item() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("name", ["jaccard", "dice", "tversky", "lovasz"])
def test_overlap_counts_pixels_of_one_class(name: str) -> None:
    logits, label = made()
    label[0, :2], label[1, 2:4] = CLASSES, CLASSES + 1
    certain = np.where(label < CLASSES, label, VOID)
    assert LOSSES[name](grouped(logits, label)).item() == LOSSES[name](predicted(logits, certain)).item()


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_of_groups_alone_has_a_finite_gradient(name: str) -> None:
    logits, label = made()
    p = grouped(logits, np.full_like(label, CLASSES))
    LOSSES[name](p).backward()
    assert p.logits.grad.isfinite().all()


def test_auxiliary_heads_count_at_the_size_of_the_logits() -> None:
    logits, label = (torch.tensor(v) for v in made())
    large = label.repeat_interleave(2, 1).repeat_interleave(2, 2)
    terms = [WeightedLoss("cross_entropy", 1.0)]
    without = segmentation_loss([logits], large, torch.tensor(WEIGHTS), terms, 0.3)
    with_head = segmentation_loss([logits, logits], large, torch.tensor(WEIGHTS), terms, 0.3)
    alone = SLOW["weighted_cross_entropy"](pixels(logits.numpy(), label.numpy()))
    assert (with_head - without).item() == pytest.approx(0.3 * alone)


def test_distillation_is_the_divergence_of_softened_probabilities() -> None:
    rng = np.random.default_rng(0)
    student, teacher = rng.normal(0, 2, (2, 3, 4, 5)), rng.normal(0, 2, (2, 3, 4, 5))
    total = 0.0
    for n, y, x in np.ndindex(2, 4, 5):
        soft = [np.exp(v[n, :, y, x] / 2.0) / np.exp(v[n, :, y, x] / 2.0).sum() for v in (teacher, student)]
        total += float((soft[0] * np.log(soft[0] / soft[1])).sum())
    given = distillation_loss(torch.tensor(student), torch.tensor(teacher), 2.0).item()
    assert given == pytest.approx(4 * total / 40)
    assert distillation_loss(torch.tensor(teacher), torch.tensor(teacher), 2.0).item() == pytest.approx(0, abs=1e-12)
    coarse = torch.tensor(teacher).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert math.isfinite(distillation_loss(torch.tensor(student), coarse, 2.0).item())

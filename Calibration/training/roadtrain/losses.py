"""Losses on logits and half-size labels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .datasets import VOID


def soft_jaccard(probabilities: Tensor, label: Tensor) -> Tensor:
    """1 - mean IoU over the classes present in the batch, with probabilities for membership.

    Cross entropy alone trades road edges for confidence far from them; this follows the score that counts.
    """
    known = label != VOID
    counted = known.to(probabilities.dtype)
    truth = torch.where(known, label, 0)
    right = probabilities.gather(1, truth[:, None])[:, 0] * counted
    nothing = probabilities.new_zeros(probabilities.shape[1])
    inside = nothing.index_add(0, truth.flatten(), right.flatten())
    truth_area = nothing.index_add(0, truth.flatten(), counted.flatten())
    union = torch.einsum("nchw,nhw->c", probabilities, counted) + truth_area - inside
    present = truth_area > 0
    return 1 - (inside[present] / union[present]).mean()


def segmentation_loss(outputs: list[Tensor], label: Tensor, class_weights: Tensor, jaccard: float,
                      auxiliary: float) -> Tensor:
    """Class-weighted cross entropy plus `jaccard` times the IoU loss on the main logits, upsampled to the labels,
    and `auxiliary` times the cross entropy of the branch heads, at the coarse size of the main logits.
    """
    logits = F.interpolate(outputs[0], size=label.shape[1:], mode="bilinear", align_corners=False)
    log_probabilities = logits.log_softmax(1)
    loss = F.nll_loss(log_probabilities, label, class_weights, ignore_index=VOID)
    if jaccard:
        loss = loss + jaccard * soft_jaccard(log_probabilities.exp(), label)
    if auxiliary:
        size = outputs[0].shape[2:]
        coarse = F.interpolate(label[:, None].float(), size=size, mode="nearest-exact")[:, 0].long()
        for output in outputs[1:]:
            output = F.interpolate(output, size=size, mode="bilinear", align_corners=False)
            loss = loss + auxiliary * F.cross_entropy(output, coarse, class_weights, ignore_index=VOID)
    return loss

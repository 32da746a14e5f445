"""A short training: logits with margins, as real networks have them. Deterministic by seed, one thread."""

import zlib

import numpy as np
import torch
import torch.nn.functional as F

from . import scene
from .blocks import Normalised

POOL = 160
BATCH = 6


def train(entry, report=print):
    """The trained network in evaluation mode, pixels in, logits out."""
    seed(entry)
    return fit(Normalised(initialised(entry.make(entry.classes))), entry, 4e-3, report)


def seed(entry):
    torch.set_num_threads(1)
    torch.manual_seed(zlib.crc32(entry.name.encode()))


def fit(network, entry, rate, report=print):
    """`network`, pixels in, trained with that peak learning rate, in evaluation mode."""
    random = np.random.default_rng(zlib.crc32(entry.name.encode()))
    scenes = [scene.scene(seed) for seed in range(POOL)]
    pictures = np.stack([scene.fit(picture, entry.size) for picture, _ in scenes])
    labels = np.stack([scene.fit(scene.coarse(classes, entry.classes), entry.size) for _, classes in scenes])
    optimiser = torch.optim.Adam(network.parameters(), lr=rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=entry.steps, pct_start=0.15)
    network.train()
    for step in range(entry.steps):
        chosen = random.integers(0, POOL, BATCH)
        x = torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2).float()
        y = torch.from_numpy(labels[chosen]).long()
        if random.random() < 0.5:
            x, y = x.flip(3), y.flip(2)
        logits = network(x)
        if logits.shape[2:] != y.shape[1:]:
            logits = F.interpolate(logits, y.shape[1:], mode="bilinear", align_corners=False)
        loss = F.cross_entropy(logits, y)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5)
        optimiser.step()
        schedule.step()
        if step % 100 == 0 or step == entry.steps - 1:
            report(f"{entry.name}: step {step}, loss {loss.item():.3f}")
    return network.eval()


def initialised(network):
    """He initialisation, but for transposed convolutions, which set their own."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
    return network

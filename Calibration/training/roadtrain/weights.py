"""Weights to begin with: another run's checkpoint, or a model file, such as the int8 ones that roadseg ships."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from .device import Device
from .integers.graph import constants_of
from .modelfile import damaged, read_model, terms_of
from .networks import Normalised, observed, smaller

STATISTICS_CROPS = 96
"""Crops that the statistics of batch norms are taken from."""
SILENT_DEVIATION = 1e-5
"""A channel that varies by less, in units of what batch norms give, says nothing."""
WITH_WEIGHTS = ("Conv", "ConvTranspose")


def read_weights(path: Path, network: Normalised, device: Device, grown: bool = True) -> dict[str, Tensor]:
    """What `path` holds for `network`, by name: a checkpoint's averaged weights, or those of an ONNX model, float or
    int8. `network` keeps its own.

    Classifiers may have another number of classes than the network's. A model file has no heads that only training
    uses: for these, the network's own values are given. Batch norms, which it holds folded into the convolutions,
    come out as mere offsets: `unfold_batch_norms` makes them fit to train on. Where it may have `grown`, a file of the
    network that this one was grown from, or of the one that that was grown from, will do as well: what was added keeps
    its own values.
    """
    read = _of_model if is_model(path) else _of_checkpoint
    own = {name: value.clone() for name, value in network.state_dict().items()}
    candidate, refusals = network, []
    while candidate is not None:
        try:
            return own | read(path, candidate, device)
        except AnotherNetwork as refusal:
            refusals.append(refusal)
        candidate = smaller(candidate) if grown else None
    raise refusals[0]


class AnotherNetwork(ValueError):
    """A sound file that holds another network than the one asked for."""

    def __init__(self, path: Path, network: Normalised, difference: str) -> None:
        super().__init__(f"{path}: holds another network than {type(network.network).__name__}: {difference}")


def is_model(path: Path) -> bool:
    """Whether it is an ONNX model, whose batch norms are folded away, and not a checkpoint."""
    return path.suffix.lower() == ".onnx"


def read_terms(path: Path, device: Device) -> str | None:
    """What may be done with the weights in `path`, where it says so."""
    return terms_of(read_model(path)) if is_model(path) else read_checkpoint(path, device).get("terms")


def read_checkpoint(path: Path, device: Device) -> dict[str, Any]:
    """What a run saved, with its averaged weights as "ema". Raises `ValueError`, with the file's name, on another or a
    damaged file.
    """
    try:
        saved = device.load(str(path))
    except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: is no checkpoint of a training run, or damaged") from error
    if not (isinstance(saved, dict) and isinstance(saved.get("ema"), dict)):
        raise ValueError(f"{path}: is no checkpoint of a training run")
    return saved


def _of_checkpoint(path: Path, network: Normalised, device: Device) -> dict[str, Tensor]:
    weights = read_checkpoint(path, device)["ema"]
    if missing := network.state_dict().keys() ^ weights.keys():
        raise AnotherNetwork(path, network, f"{sorted(missing)[0]} differs")
    return weights


def _of_model(path: Path, network: Normalised, _: Device) -> dict[str, Tensor]:
    model = read_model(path)
    try:
        values = _dequantized(model)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path) from error
    for name in ("mean", "std"):
        own = getattr(network, name).cpu().numpy().reshape(-1)
        if name not in values or not np.allclose(values[name].reshape(-1), own, rtol=1e-4):
            raise ValueError(f"{path}: has not the recipe's {name}, {own / 255}: take the recipe that it was made by")
    layers = [node for node in model.graph.node if node.op_type in WITH_WEIGHTS]
    units = _units(network)
    if len(layers) != len(units):
        raise AnotherNetwork(path, network, f"{len(layers)} convolutions, not {len(units)}")
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    for node, (name, norm) in zip(layers, units):
        filters, bias = (torch.tensor(values.get(i, 0.0)) for i in [*node.input[1:3], "", ""][:2])
        if filters.ndim != 4 or filters.shape[2:] != weights[f"{name}.weight"].shape[2:]:
            raise AnotherNetwork(path, network, f"{name} has filters of {tuple(filters.shape)}")
        bias = bias if bias.ndim else torch.zeros(len(filters))
        if not (filters.isfinite().all() and bias.isfinite().all()):
            raise ValueError(f"{path}: {name} has weights that are not finite: the file is damaged")
        weights |= _unit(network, name, norm, filters, bias)
    return weights


def _unit(network: Normalised, name: str, norm: str | None, filters: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """A convolution's weights, and the batch norm behind it as a mere offset. A bias where the network has none (its
    transposed convolutions) is calibration's, and let go.
    """
    if norm is None:
        has_bias = network.get_submodule(name).bias is not None
        return {f"{name}.weight": filters} | ({f"{name}.bias": bias} if has_bias else {})
    variance = torch.full_like(bias, 1 - network.get_submodule(norm).eps)
    return {f"{name}.weight": filters, f"{norm}.weight": torch.ones_like(bias), f"{norm}.bias": bias,
            f"{norm}.running_mean": torch.zeros_like(bias), f"{norm}.running_var": variance}


def _dequantized(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """The model's constants, int8 ones by the real values that they stand for."""
    values = constants_of(model)
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in values:
            continue
        integers, scale = (values[name] for name in node.input[:2])
        zero = values[node.input[2]] if len(node.input) > 2 and node.input[2] else np.zeros_like(scale)
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        shape = [1] * integers.ndim
        if scale.size > 1:
            shape[axis] = -1
        values[node.output[0]] = ((integers.astype(np.float64) - zero.reshape(shape)) * scale.reshape(shape)) \
            .astype(np.float32)
    return values


def _units(network: Normalised) -> list[tuple[str, str | None]]:
    """Every convolution in the order of computing, which is that of an exported graph, and the batch norm behind it."""
    names = {module: name for name, module in network.named_modules()}
    called: list[nn.Module] = []
    with observed(network, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d, lambda module, *_: called.append(module)):
        network(torch.zeros(1, 3, 64, 64, device=network.mean.device))
    following = [*called[1:], None]
    return [(names[module], names[after] if isinstance(after, nn.BatchNorm2d) else None)
            for module, after in zip(called, following) if not isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def unfold_batch_norms(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give batch norms the statistics of what reaches them, and scales and offsets that undo these: the network
    computes what it did, and in training, where each batch is normalised by itself, nearly so.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def collect(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        x = inputs[0].double().cpu()
        count = torch.full((norm.num_features,), x.numel() / norm.num_features)
        sums[norm] += torch.stack([count, x.sum((0, 2, 3)), x.square().sum((0, 2, 3))])

    with observed(network, nn.BatchNorm2d, collect):
        for batch in batches:
            network(batch)
    for norm in norms:
        count, total, squares = sums[norm]
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(0)
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_(scale * (mean.to(scale) - norm.running_mean))
        norm.weight.copy_(scale * (variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)


@torch.no_grad()
def renew_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give batch norms the mean statistics of what reaches them in training, and keep their scales and offsets.

    The mean of two networks computes features that neither has, and of other means and variances than both (Izmailov et
    al. 2018, "Averaging weights leads to wider optima and better generalization", section 3.2).
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    for batch in batches:
        network(batch)
    for norm, kept in zip(norms, momentum):
        norm.momentum = kept
        norm.eval()


@torch.no_grad()
def clear_silent_channels(network: nn.Module) -> None:
    """Make batch norms' channels that always give the same value give it whatever comes: no filter counts any more.

    Training leaves some channels that nothing reaches, with filters and scales that nothing holds back; folded into one
    another these came to 3e8. A picture unlike all others, or the mean with another network, could wake them.
    """
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        deviation = norm.weight.abs() * (norm.running_var / (norm.running_var + norm.eps)).sqrt()
        norm.weight[deviation < SILENT_DEVIATION] = 0

"""Makes the goldens of networks that the training package quantizes itself: what its integer arithmetic computes, to
the byte.

    python3 -m venv venv && venv/bin/pip install -r Calibration/training/requirements.txt
    venv/bin/python Tests/RoadEngineTests/Goldens/make_trained_goldens.py

For each network: CASE.onnx (QDQ, as the fine-tuning exports it), the line of inputs.tsv (see golden_inputs.py),
CASE.expected (the output's bytes, HWC). And Tests/RoadBaseTests/Goldens/requantization.tsv: factors and bytes of the
requantization law.
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "Calibration/training"))

import golden_inputs  # noqa: E402
from roadtrain.export import export  # noqa: E402
from roadtrain.integers import law, qdq  # noqa: E402
from roadtrain.integers.network import IntegerNetwork  # noqa: E402
from roadtrain.networks import Normalised  # noqa: E402
from roadtrain.networks.blocks import InvertedResidual, conv_bn, resize, separable  # noqa: E402

VIEW = (46, 68)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


class Branches(nn.Module):
    """What ContextNet is made of: strides, depthwise, dilation, residuals, ReLU6, two resizes, a sum under a ReLU."""

    def __init__(self):
        super().__init__()
        self.shallow = nn.Sequential(conv_bn(3, 16, 3, 2, activation=nn.ReLU6), separable(16, 32, 2))
        self.deep = nn.Sequential(conv_bn(3, 16, 3, 2), InvertedResidual(16, 16, 1, 4), InvertedResidual(16, 24, 2, 3))
        self.context = nn.Sequential(
            conv_bn(24, 24, 3, dilation=2, groups=24), conv_bn(24, 32, 1, activation=None))
        self.classifier = nn.Sequential(separable(32, 24), nn.Conv2d(24, 5, 1))

    def forward(self, x):
        detail = self.shallow(x)
        deep = self.deep(resize(x, (23, 34)))
        return self.classifier(F.relu(resize(self.context(deep), detail.shape[2:]) + detail))


class Pyramid(nn.Module):
    """What FCN-8s and DeepLabv3+ have besides: pools of odd sizes, a transposed convolution, joins, the picture's
    mean.
    """

    def __init__(self):
        super().__init__()
        self.low = nn.Sequential(conv_bn(3, 16), nn.MaxPool2d(2, 2, ceil_mode=True))
        self.high = nn.Sequential(conv_bn(16, 24, 3, 2), conv_bn(24, 16, 1, activation=nn.ReLU6))
        self.pool = conv_bn(16, 8, 1)
        self.up = nn.ConvTranspose2d(24, 12, 4, 2, 1, bias=False)
        self.reduce = conv_bn(16, 20, 1, activation=None)
        self.classifier = nn.Conv2d(32, 5, 3, padding=1)

    def forward(self, x):
        low = self.low(x)
        high = self.high(low)
        pooled = resize(self.pool(high.mean((2, 3), keepdim=True)), high.shape[2:])
        up = self.up(torch.cat([high, pooled], 1))[:, :, : int(low.shape[2]), : int(low.shape[3])]
        return self.classifier(torch.cat([up, self.reduce(low)], 1))


class Steep(nn.Module):
    """Channels that hardly vary and of which the next layer makes much: their factors are 1 and more, as those of a
    few channels in a trained ContextNet.
    """

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 12, 3, 2, activation=nn.ReLU6)
        self.clamped = conv_bn(12, 12, 3, groups=12, activation=nn.ReLU6)
        self.centred = nn.Sequential(*conv_bn(12, 12, 3, groups=12, activation=None), nn.Hardtanh(-3, 2.5))
        self.classifier = nn.Conv2d(12, 5, 1)
        with torch.no_grad():
            for layer, gain, first in ((self.stem, 0.02, 0), (self.clamped, 1500.0, 0), (self.clamped, 0.02, 1),
                                       (self.centred, 400.0, 1)):
                layer[1].weight[first::3] = gain
            for layer, first in ((self.stem, 0), (self.clamped, 1)):
                layer[1].bias[first::3] = 0.04

    def forward(self, x):
        return self.classifier(self.centred(self.clamped(self.stem(x))))


def picture(seed):
    random = torch.Generator().manual_seed(seed)
    coarse = F.interpolate(torch.rand(1, 3, 7, 9, generator=random) * 255, size=VIEW, mode="bilinear")
    return (coarse + 20 * torch.randn(1, 3, *VIEW, generator=random)).clamp(0, 255).round()


def make(case, network):
    torch.manual_seed(7)
    model = Normalised(network(), MEAN, STD)
    with torch.no_grad():
        model.train()
        for first in range(0, 32, 8):
            model(torch.cat([picture(first + i) for i in range(8)]))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "float.onnx"
            export(model, VIEW, path)
            integers = IntegerNetwork(onnx.load(path))
    integers.calibrate(lambda: (picture(100 + i) for i in range(8)), 0.9999)
    optimizer = torch.optim.SGD(integers.parameters(), lr=0.01)
    for step in range(3):  # weights as training leaves them, not as calibration found them
        optimizer.zero_grad()
        scores = integers(picture(200 + step))
        F.cross_entropy(scores, torch.zeros(1, *scores.shape[2:], dtype=torch.long)).backward()
        optimizer.step()
    qdq.write(integers, HERE / f"{case}.onnx")
    shown = picture(300)
    with torch.no_grad():
        scores = integers.bytes(shown)
    golden_inputs.store(HERE / case, shown[0].permute(1, 2, 0).to(torch.uint8).numpy().tobytes())
    (HERE / f"{case}.expected").write_bytes(scores[0].permute(1, 2, 0).to(torch.uint8).numpy().tobytes())
    print(case, tuple(scores.shape), "levels used:", len(np.unique(scores)))


def make_requantization():
    random = np.random.default_rng(3)
    drawn = np.exp(random.uniform(np.log(2e-7), np.log(0.999), 60))
    scales = np.concatenate([drawn, 2.0 ** -np.arange(1, 23), [0.75, 1e-12]])
    lines = ["scale\tshift\tmultiplier\taccumulator\tzero-point\tlow\thigh\tbyte"]
    for scale, shift, multiplier in zip(scales, *law.factors(scales)):
        zero = int(random.integers(0, 256))
        low, high = sorted(random.integers(0, 256, 2).tolist()) if random.random() < 0.3 else (0, 255)
        # Around zero, at ties of either step, across the range, at its ends.
        unit = 1 << int(shift)
        reach = min(300 / scale, law.ACCUMULATOR_LIMIT - 1)
        values = {0, 1, -1, unit // 2, -(unit // 2), 3 * unit // 2, int(reach), -int(reach), law.ACCUMULATOR_LIMIT - 1,
                  1 - law.ACCUMULATOR_LIMIT, *(int(v) for v in random.uniform(-reach, reach, 5))}
        for value in sorted(values):
            byte = law.requantize(
                *(torch.tensor(int(v), dtype=torch.int32) for v in (value, shift, multiplier)), zero, low, high)
            row = (float(scale), shift, multiplier, value, zero, low, high, int(byte))
            lines.append("\t".join(str(v) for v in row))
    (ROOT / "Tests/RoadBaseTests/Goldens/requantization.tsv").write_text("\n".join(lines) + "\n")
    print(len(lines) - 1, "requantizations")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make("trained-branches", Branches)
    make("trained-pyramid", Pyramid)
    make("trained-steep", Steep)
    make_requantization()

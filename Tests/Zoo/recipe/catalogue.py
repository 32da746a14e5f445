"""The zoo: which networks, at which size, with how many classes."""

from dataclasses import dataclass
from typing import Callable

from . import attention_networks as attention
from . import context_networks as context
from . import fast_networks as fast
from . import fusion_networks as fusion
from . import vgg_networks as vgg


@dataclass(frozen=True)
class Entry:
    name: str
    make: Callable
    classes: int
    # Height and width of the static export.
    size: tuple = (96, 128)
    # Another size for the dynamic export; None where the network itself is bound to sizes that its pools divide.
    other: tuple = (90, 122)
    steps: int = 300


ENTRIES = [
    Entry("fcn32s", lambda n: vgg.FCN(n, 32), 5, steps=500),
    Entry("fcn16s", lambda n: vgg.FCN(n, 16), 5, (90, 122), (96, 128), steps=500),
    Entry("fcn8s", lambda n: vgg.FCN(n, 8), 8, steps=500),
    Entry("segnet", vgg.SegNet, 7, (90, 122), (96, 128), steps=900),
    Entry("unet", vgg.UNet, 11, (90, 122), (96, 128)),
    Entry("deeplab-v1", vgg.DeepLabV1, 7, (90, 122), (96, 128), steps=400),
    Entry("deeplab-v2", context.DeepLabV2, 7, (90, 122), (96, 128)),
    Entry("deeplab-v3", context.DeepLabV3, 8),
    Entry("deeplab-v3plus", context.DeepLabV3Plus, 11),
    Entry("pspnet", context.PSPNet, 7, (96, 144), None),
    Entry("refinenet", fusion.RefineNet, 8, (90, 122), (96, 128)),
    Entry("large-kernel", fusion.LargeKernelNetwork, 7, (90, 122), (96, 128)),
    Entry("hrnet", fusion.HRNet, 11, (90, 122), (96, 128)),
    Entry("ocr", context.OCR, 8),
    Entry("contextnet", fast.ContextNet, 7, (96, 128), (90, 122)),
    Entry("fast-scnn", fast.FastSCNN, 7, (192, 192), None),
    Entry("enet", fast.ENet, 11, (96, 128), (88, 120), steps=1000),
    Entry("espnet", fast.ESPNet, 5, (96, 128), (88, 120)),
    Entry("efficient-fcn", context.EfficientFCN, 8, (90, 122), (96, 128)),
    Entry("gated-fusion", fusion.GatedFusion, 7, (90, 122), (96, 128)),
    Entry("flow-aligned", fusion.FlowAligned, 7),
    Entry("fast-attention", fast.FastAttentionNetwork, 8),
    Entry("segformer", attention.SegFormer, 7, (96, 128), (64, 96)),
    Entry("lr-aspp", attention.LRASPP, 7, (96, 128), (90, 122)),
]

BY_NAME = {entry.name: entry for entry in ENTRIES}

"""Networks of packages that others keep, as their users make them: random weights, their own structure and widths."""

from dataclasses import dataclass
from typing import Callable, Optional, Tuple

import torch

ENCODERS = ["resnet18", "mobilenet_v2", "efficientnet-b0", "timm-mobilenetv3_large_100", "mit_b0", "timm-regnetx_002"]
DECODERS = ["Unet", "UnetPlusPlus", "MAnet", "Linknet", "FPN", "PSPNet", "PAN", "DeepLabV3", "DeepLabV3Plus", "UPerNet",
            "Segformer"]


@dataclass(frozen=True)
class Entry:
    name: str
    make: Callable
    classes: int = 7
    # Height and width of the static export, and another size for the dynamic one; None where the network is bound.
    size: Tuple[int, int] = (192, 256)
    other: Optional[Tuple[int, int]] = (160, 224)
    steps: int = 60
    rate: float = 1e-3


class Scores(torch.nn.Module):
    """What a package's network says of the pixels, without the rest of its answer."""

    def __init__(self, network, pick):
        super().__init__()
        self.network, self.pick = network, pick

    def forward(self, x):
        answer = self.network(x)
        return answer[self.pick] if isinstance(answer, dict) and self.pick in answer else getattr(answer, self.pick)


def smp(decoder, encoder):
    def make(classes):
        import segmentation_models_pytorch as package
        return getattr(package, decoder)(encoder, encoder_weights=None, classes=classes)
    return make


def smp_vit(classes):
    import segmentation_models_pytorch as package
    return package.DPT("tu-vit_tiny_patch16_224", encoder_weights=None, classes=classes, dynamic_img_size=True)


def torchvision(name):
    def make(classes):
        import torchvision.models.segmentation as package
        return Scores(getattr(package, name)(weights=None, weights_backbone=None, num_classes=classes), "out")
    return make


def hugging_face(kind, config):
    def make(classes):
        import transformers as package
        made = config(package)
        made.num_labels = classes
        network = getattr(package, kind)(made)
        for name, value in network.named_parameters():
            if "token" in name or "position_embeddings" in name:
                # They begin at zero; a short training leaves them below what any 8 or 16 bits hold beside pictures.
                torch.nn.init.trunc_normal_(value, std=0.2)
        return Scores(network, "logits")
    return make


def upernet(backbone):
    return lambda package: package.UperNetConfig(
        backbone_config=backbone(package), hidden_size=128, use_auxiliary_head=False)


STAGES = ["stage1", "stage2", "stage3", "stage4"]


def entries():
    for index, decoder in enumerate(DECODERS):
        for encoder in dict.fromkeys(["resnet18", ENCODERS[1 + index % 5]]):
            if decoder in ("UnetPlusPlus", "Linknet") and encoder == "mit_b0":
                encoder = "mobilenet_v2"  # the package refuses transformers there
            if decoder in ("DeepLabV3", "DeepLabV3Plus", "PAN") and encoder == "mit_b0":
                encoder = "efficientnet-b0"  # likewise: it cannot be dilated
            # Its pools of 3 and 6 cells: other sizes than they divide only the newer exporter can say, cell by cell.
            bound = dict(size=(192, 192), other=None) if decoder == "PSPNet" else {}
            yield Entry(f"smp-{decoder}-{encoder}".lower(), smp(decoder, encoder), **bound)
    yield Entry("smp-unet-mit_b0", smp("Unet", "mit_b0"))
    yield Entry("smp-dpt-vit_tiny", smp_vit, other=None, steps=80, rate=5e-4)
    yield Entry("torchvision-fcn_resnet50", torchvision("fcn_resnet50"), steps=30)
    yield Entry("torchvision-deeplabv3_resnet50", torchvision("deeplabv3_resnet50"), steps=30)
    yield Entry("torchvision-lraspp_mobilenet_v3_large", torchvision("lraspp_mobilenet_v3_large"))
    yield Entry("hf-segformer-b0", hugging_face(
        "SegformerForSemanticSegmentation", lambda package: package.SegformerConfig()), rate=5e-4)
    yield Entry("hf-dpt", hugging_face("DPTForSemanticSegmentation", lambda package: package.DPTConfig(
        image_size=192, hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768,
        fusion_hidden_size=64, neck_hidden_sizes=[48, 96, 192, 192], use_auxiliary_head=False)),
        size=(192, 192), other=None, steps=80, rate=5e-4)
    yield Entry("hf-upernet-swin-tiny", hugging_face("UperNetForSemanticSegmentation", upernet(
        # Written out: the newer exporter cannot take its fused attention apart. Pools of 6 cells: as PSPNet's.
        lambda package: package.SwinConfig(image_size=192, out_features=STAGES, attn_implementation="eager"))),
        size=(192, 192), other=None, steps=40, rate=5e-4)
    yield Entry("hf-upernet-convnext-tiny", hugging_face("UperNetForSemanticSegmentation", upernet(
        lambda package: package.ConvNextConfig(
            out_features=list(STAGES), hidden_sizes=[96, 192, 384, 768], depths=[3, 3, 9, 3]))), steps=40, rate=5e-4)
    yield Entry("hf-mobilevitv2", hugging_face(
        "MobileViTV2ForSemanticSegmentation", lambda package: package.MobileViTV2Config(image_size=256)), rate=5e-4)
    yield Entry("hf-beit", hugging_face("BeitForSemanticSegmentation", lambda package: package.BeitConfig(
        image_size=192, hidden_size=192, num_hidden_layers=12, num_attention_heads=3, intermediate_size=768,
        use_auxiliary_head=False, use_relative_position_bias=True,
        out_indices=[3, 5, 7, 11])), size=(192, 192), other=None, steps=80, rate=5e-4)


ENTRIES = list({entry.name: entry for entry in entries()}.values())
BY_NAME = {entry.name: entry for entry in ENTRIES}

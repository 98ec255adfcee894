"""The networks once more, written out with torch's functions and nothing of the package.

Written from the description of the networks alone: sizes, names, crops and scales are typed in here, so that
an error in what the package computes cannot hide. Weights are dictionaries, under the names of the tutorial's
code (`plain`) and of the PyTorch port (`caffe`).
"""

import torch
import torch.nn.functional as F

CHANNELS = (64, 128, 256, 512, 512)
# Where torchvision's `features` are cut: each slice is (convolution, ReLU) pairs and a pool at its end.
SLICES = {
    "vgg11": ((0, 3), (3, 6), (6, 11), (11, 16), (16, 21)),
    "vgg13": ((0, 5), (5, 10), (10, 15), (15, 20), (20, 25)),
    "vgg16": ((0, 5), (5, 10), (10, 17), (17, 24), (24, 31)),
    "vgg19": ((0, 5), (5, 10), (10, 19), (19, 28), (28, 37)),
}
CAFFE_SKIP_CROPS = {4: 5, 3: 9, 2: 17, 1: 33}
CAFFE_LAST_CROPS = {32: 19, 16: 27, 8: 31, 4: 33, 2: 34}


def convolution_numbers(backbone):
    """The numbers of the convolutions in torchvision's `features`, a list a stage."""
    return [list(range(first, last - 1, 2)) for first, last in SLICES[backbone]]


def random_convolution(weights, name, outputs, inputs, kernel):
    scale = (6 / (inputs * kernel**2)) ** 0.5
    weights[f"{name}.weight"] = (torch.rand(outputs, inputs, kernel, kernel) * 2 - 1) * scale
    weights[f"{name}.bias"] = torch.rand(outputs) * 0.2 - 0.1


def features_weights(backbone, prefix="features."):
    """Random weights of the convolutions, under torchvision's names."""
    weights, inputs = {}, 3
    for numbers, channels in zip(convolution_numbers(backbone), CHANNELS, strict=True):
        for number in numbers:
            random_convolution(weights, f"{prefix}{number}", channels, inputs, 3)
            inputs = channels
    return weights


def normalise(images):
    """RGB 0..255 to what torchvision's weights want."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (images.float() / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)


def plain_weights(backbone, classes):
    """Random weights of all five strides of a `plain` network, under the tutorial's names."""
    weights = {}
    numbers = convolution_numbers(backbone)
    features = features_weights(backbone, prefix="")
    for pool in range(5):
        for number in numbers[pool]:
            for leaf in ("weight", "bias"):
                weights[f"net_features.pool{pool + 1}.{number}.{leaf}"] = features[f"{number}.{leaf}"]
    random_convolution(weights, "FC_Layers.0", 4096, 512, 1)
    random_convolution(weights, "FC_Layers.3", 4096, 4096, 1)
    random_convolution(weights, "score_pool5", classes, 4096, 1)
    for pool in (4, 3, 2, 1):
        random_convolution(weights, f"score_pool{pool}", classes, CHANNELS[pool - 1], 1)
        weights[f"upscore_pool{pool + 1}_x2.0.weight"] = torch.rand(classes, classes, 2, 2) * 2 - 0.7
    for stride in (32, 16, 8, 4, 2):
        weights[f"final_x{stride}.weight"] = torch.rand(classes, classes, stride, stride) * 2 - 1
    return weights


def plain_checkpoint(weights, stride):
    """The part of `plain_weights` that the network of one stride saves."""
    skips = {32: "", 16: "4", 8: "43", 4: "432", 2: "4321"}[stride]
    ups = [str(int(pool) + 1) for pool in skips]
    kept = ["net_features.", "FC_Layers.", "score_pool5.", f"final_x{stride}."]
    kept += [f"score_pool{pool}." for pool in skips] + [f"upscore_pool{pool}_" for pool in ups]
    return {name: tensor for name, tensor in weights.items() if name.startswith(tuple(kept))}


def plain_logits(weights, backbone, stride, images):
    """What the `plain` network of this stride computes, for sides that 32 divides."""
    x, pools = normalise(images), []
    for pool, numbers in enumerate(convolution_numbers(backbone), start=1):
        for number in numbers:
            name = f"net_features.pool{pool}.{number}"
            x = F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1))
        x = F.max_pool2d(x, 2, 2)
        pools.append(x)
    x = F.relu(F.conv2d(x, weights["FC_Layers.0.weight"], weights["FC_Layers.0.bias"]))
    x = F.relu(F.conv2d(x, weights["FC_Layers.3.weight"], weights["FC_Layers.3.bias"]))
    x = F.conv2d(x, weights["score_pool5.weight"], weights["score_pool5.bias"])
    here = 32
    for pool in (4, 3, 2, 1):
        if here == stride:
            break
        x = F.relu(F.conv_transpose2d(x, weights[f"upscore_pool{pool + 1}_x2.0.weight"], stride=2))
        x = x + F.conv2d(
            pools[pool - 1], weights[f"score_pool{pool}.weight"], weights[f"score_pool{pool}.bias"]
        )
        here //= 2
    return F.conv_transpose2d(x, weights[f"final_x{stride}.weight"], stride=stride)


def port_features(backbone):
    """Random weights of the convolutions, under the port's names."""
    weights, inputs = {}, 3
    for pool, numbers in enumerate(convolution_numbers(backbone), start=1):
        for number in range(1, len(numbers) + 1):
            random_convolution(weights, f"conv{pool}_{number}", CHANNELS[pool - 1], inputs, 3)
            inputs = CHANNELS[pool - 1]
    return weights


def caffe_weights(backbone, classes):
    """Random weights of a `caffe` network, under the port's names; the steps up as up5 ... up2."""
    weights = port_features(backbone)
    random_convolution(weights, "fc6", 4096, 512, 7)
    random_convolution(weights, "fc7", 4096, 4096, 1)
    random_convolution(weights, "score_fr", classes, 4096, 1)
    for pool in (4, 3, 2, 1):
        random_convolution(weights, f"score_pool{pool}", classes, CHANNELS[pool - 1], 1)
        weights[f"up{pool + 1}.weight"] = torch.rand(classes, classes, 4, 4) - 0.4
    for stride in (32, 16, 8, 4, 2):
        weights[f"last{stride}.weight"] = torch.rand(classes, classes, 2 * stride, 2 * stride) - 0.4
    return weights


def caffe_checkpoint(weights, stride):
    """The part of `caffe_weights` that the port's 32s, 16s or 8s network saves, under its names."""
    renamed = {"last32": "upscore", "last16": "upscore16", "last8": "upscore8", "up5": "upscore2"}
    renamed["up4"] = "upscore_pool4"
    heads = {32: ["last32"], 16: ["score_pool4", "up5", "last16"]}
    heads[8] = ["score_pool4", "score_pool3", "up5", "up4", "last8"]
    kept = {}
    for name, tensor in weights.items():
        layer, leaf = name.split(".")
        if layer.startswith(("conv", "fc", "score_fr")) or layer in heads[stride]:
            kept[f"{renamed.get(layer, layer)}.{leaf}"] = tensor
    return kept


def caffe_logits(weights, backbone, stride, images, at_once=False):
    """What the `caffe` network of this stride computes, for sides of any length."""
    bgr = images.float()[:, [2, 1, 0]]
    x = bgr - torch.tensor([104.00699, 116.66877, 122.67892]).view(3, 1, 1)
    pools = []
    for pool, numbers in enumerate(convolution_numbers(backbone), start=1):
        for number in range(1, len(numbers) + 1):
            name = f"conv{pool}_{number}"
            padding = 100 if name == "conv1_1" else 1
            x = F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=padding))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    x = F.relu(F.conv2d(x, weights["fc6.weight"], weights["fc6.bias"]))
    x = F.relu(F.conv2d(x, weights["fc7.weight"], weights["fc7.bias"]))
    x = F.conv2d(x, weights["score_fr.weight"], weights["score_fr.bias"])
    here = 32
    for pool in (4, 3, 2, 1):
        if here == stride:
            break
        x = F.conv_transpose2d(x, weights[f"up{pool + 1}.weight"], stride=2)
        skip = pools[pool - 1]
        if at_once:
            skip = skip * {4: 0.01, 3: 0.0001}[pool]
        skip = F.conv2d(skip, weights[f"score_pool{pool}.weight"], weights[f"score_pool{pool}.bias"])
        crop, height, width = CAFFE_SKIP_CROPS[pool], x.shape[2], x.shape[3]
        x = x + skip[:, :, crop : crop + height, crop : crop + width]
        here //= 2
    x = F.conv_transpose2d(x, weights[f"last{stride}.weight"], stride=stride)
    crop, height, width = CAFFE_LAST_CROPS[stride], images.shape[2], images.shape[3]
    return x[:, :, crop : crop + height, crop : crop + width]

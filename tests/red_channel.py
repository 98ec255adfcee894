"""A stand-in for a model, which reads its answer from the picture's red channel, and pictures for it."""

import numpy as np
from PIL import Image

from pixelwise.checkpoint import ModelCard
from pixelwise.labels import Labels

LABELS = Labels(("ground", "cat", "dog"), ((64, 64, 64), (220, 20, 60), (0, 130, 200)))
YAML = "names: {0: ground, 1: cat, 2: dog}\ncolors: {0: [64, 64, 64], 1: [220, 20, 60], 2: [0, 130, 200]}\n"


class RedChannel:
    """An engine that answers with the red channel."""

    name = "red channel"

    def __init__(self, labels=LABELS, training=None):
        network = {"name": "none", "num_classes": labels.num_classes, "in_channels": 3}
        self.card = ModelCard(network, labels, training or {}, "abc")
        self.asked = 0

    def masks(self, images):
        self.asked += 1
        return images[:, 0]


def write_pair(split_folder, name, truth, prediction):
    """Write a mask, and a picture that makes the stand-in predict `prediction`."""
    for kind, values in (("masks", truth), ("images", np.stack([prediction] * 3, axis=-1))):
        path = split_folder / kind / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(values, np.uint8)).save(path)

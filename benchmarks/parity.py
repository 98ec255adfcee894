"""`python -m benchmarks.parity`: the parity of exports, five strides x three families x two formats."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

from pixelwise.checkpoint import ModelCard
from pixelwise.export.write import export_network
from pixelwise.labels import Labels
from pixelwise.models.families import FAMILIES
from pixelwise.models.fcn import FCN
from pixelwise.models.names import STRIDES, backbone_names

from .machine import describe_machine
from .table import Section

CLASSES = 5
FILES = ("model.xml", "model.onnx")


def main(backbone: str) -> None:
    """Export networks with random weights and print what came of it."""
    rows = []
    for family in FAMILIES:
        for stride in STRIDES:
            torch.manual_seed(0)
            model = FCN(f"fcn{stride}s_{backbone}", CLASSES, family=family).eval()
            for layer in model.score_layers():  # those of `caffe` start at 0, and so would all answers
                torch.nn.init.normal_(layer.weight, std=0.01)
            card = ModelCard(model.config(), Labels.numbered(CLASSES))
            for file in FILES:
                with tempfile.TemporaryDirectory() as folder:
                    parity = export_network(model, card, Path(folder) / file).parity
                sizes = ", ".join(f"{t.pictures}x{t.height}x{t.width}" for t in parity.trials)
                rows.append(
                    (
                        f"fcn{stride}s_{backbone} {family}",
                        parity.engine,
                        f"{parity.largest_difference:.1e}",
                        f"{parity.equal:.3%}",
                        f"{parity.agreement:.3%}",
                    )
                )
                print(*rows[-1], flush=True)
    text = f"Random weights, seed 0; generated pictures of {sizes}."
    header = ("network", "engine", "largest difference", "equal", "equal or as good")
    print(f"\n{Section('parity', 'Parity of exports', text, header, rows).to_markdown()}")
    print(f"\n{describe_machine(f'python -m benchmarks.parity {backbone}')}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backbone", nargs="?", default="vgg11", choices=backbone_names())
    main(parser.parse_args().backbone)

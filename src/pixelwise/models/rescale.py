"""Maps of the backbone brought to a size of about 1 before they are scored, by one measured factor a map."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Rescale(nn.Module):
    """x times a fixed factor: 1 / the root mean square of the map, measured once before training.

    The maps of a pretrained VGG differ a hundredfold in size (VGG16 from Caffe on roads: pool3 640,
    pool4 120, pool5 7), and score layers on the raw maps start with a loss of 40 instead of log C. The
    paper's at-once networks have typed-in constants for this. The factor is a weight from then on: unlike
    BatchNorm it computes the same in training and use, at any batch size, and folds into the next layer.

    Attributes:
        factor: The factor, a scalar; 1 until it is measured.
    """

    factor: Tensor

    def __init__(self) -> None:
        """Start as the identity."""
        super().__init__()
        self.register_buffer("factor", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a map of any shape."""
        return x * self.factor

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was measured yet."""
        return bool(self.factor == 1)

    def measure(self, squares: float, cells: int) -> None:
        """Take the root mean square of a map over some pictures; a map of zeros changes nothing.

        Args:
            squares: Sum of the squares of all its cells.
            cells: Number of its cells.
        """
        if squares:
            self.factor.fill_((squares / cells) ** -0.5)

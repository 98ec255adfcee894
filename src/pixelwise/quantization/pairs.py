"""Weights in int8 that every x86 processor multiplies exactly.

Without VNNI and AMX the products of two neighbours, channels 2k and 2k + 1 of the input, are added in 16 bits
(the instruction PMADDUBSW), and what does not fit is cut off. Both inputs may be 255, so the two weights must
not add up to more than 128. NNCF spends one bit of all weights on that; here each filter spends what its own
worst pair needs, a quarter of a bit on average, and the networks lose hardly anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 127
PAIR = 128
"""What two neighbours may add up to: 255 x 128 is the last multiple below 2 to the power of 15."""


def round_weights(
    weights: NDArray[np.float32], scale: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round weights so that no sum of two products is cut off.

    Args:
        weights: The weights (out, in, kh, kw).
        scale: The finest step of each filter that is allowed (out, 1, 1, 1).

    Returns:
        The integers, and the steps by which to multiply them, as fine as their pairs allow.
    """
    while True:
        rounded = np.clip(np.rint(weights / scale), -LARGEST, LARGEST)
        excess = _largest_sums(rounded) / PAIR
        if not (excess > 1).any():
            return rounded.astype(np.int8), scale
        scale = scale * np.maximum(1, excess)


def _largest_sums(rounded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what two neighbours in each filter add up to at most (out, 1, 1, 1)."""
    paired = rounded.shape[1] // 2 * 2
    sums = np.abs(rounded[:, 0:paired:2] + rounded[:, 1:paired:2])
    largest: NDArray[np.float32] = sums.max((1, 2, 3), keepdims=True, initial=0)
    return largest

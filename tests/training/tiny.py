"""Settings of a run that takes seconds."""

from typing import Any

SMALL: dict[str, Any] = {
    "model": "fcn32s_vgg11",
    "weights": "none",
    "workers": 0,
    "device": "cpu",
    "repeats": 1,
    "style_mixing": 0.5,
}

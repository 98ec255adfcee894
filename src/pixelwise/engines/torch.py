"""The PyTorch engine: inference on the processor or a CUDA device, from the trained weights themselves."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checkpoint import ModelCard, load_model
from ..cores import limited_cores
from ..errors import ConfigError, ImageError
from ..models.fcn import FCN
from ..processor import fast_bf16
from .base import check_images, check_memory, check_process, computing

SMALLER = "cut the picture into smaller ones, or take device cpu"
"""What to do where a picture is too large for a GPU: for its memory, or for kernels that count to 2^31."""


class TorchEngine:
    """Computes a network in memory, on the device where it lies; the network is left as it was.

    bf16 is used where the hardware is quicker with it (processors with AMX, those of AMD with AVX512-BF16,
    CUDA devices), float32 elsewhere; score layers are always float32.

    Attributes:
        name: "torch cpu float32", "torch cuda:0 bf16", "torch cpu bf16 compiled".
        card: What the model file says of itself.
    """

    def __init__(self, model: FCN, card: ModelCard) -> None:
        """Take a network; what is done to it later changes the answers of the engine.

        Raises:
            ConfigError: this process was forked from one that had loaded a model.
        """
        self.card = card
        self._model = model
        self._device = model.mean.device
        self._bf16 = prefers_bf16(self._device)
        keep_to_limit()
        _check_process(self._device)
        self._logits: Callable[[Tensor], Tensor] = model
        self._masks: Callable[[Tensor], Tensor] = self._choose_best
        self._turn = threading.Lock()
        self.name = f"torch {self._device} {'bf16' if self._bf16 else 'float32'}"

    @classmethod
    def load(cls, path: Path, device: str = "auto", *, compiled: bool = False) -> TorchEngine:
        """Load a .safetensors file onto a device; "auto" takes a CUDA device if there is one.

        Args:
            path: The file.
            device: "auto", "cpu" or a CUDA device.
            compiled: Let torch.compile write code for this network: half a minute and more for the first
                pictures, and again for a second size, then quicker; CUDA devices replay whole graphs.

        Raises:
            CheckpointError: the file is missing, damaged or not ours.
            WeightsError: its tensors do not fit its network.
            ConfigError: there is no such device, or no compiler; or this process was forked from one that
                had loaded a model.
        """
        place = find_device(device)
        _check_process(place)
        model, card = load_model(path, str(place))
        engine = cls(model.to(memory_format=torch.channels_last), card)  # type: ignore[call-overload]
        if engine._bf16:  # once, and not for every picture anew
            in_float32 = set(model.score_layers())
            for layer in model.modules():
                if isinstance(layer, torch.nn.Conv2d) and layer not in in_float32:
                    layer.to(torch.bfloat16)
        if compiled:
            engine._compile()
        return engine

    def logits(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scores (N, num_classes, H, W) of pictures (N, in_channels, H, W)."""
        with self._ready(images) as batch:
            return self._logits(batch).cpu().contiguous().numpy()

    def masks(self, images: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the best class's id (N, H, W) of pictures (N, in_channels, H, W)."""
        with self._ready(images) as batch:
            return self._masks(batch).cpu().numpy()

    def _choose_best(self, batch: Tensor) -> Tensor:
        scores: Tensor = self._model(batch)
        return scores.argmax(dim=1).to(torch.uint8)

    def _compile(self) -> None:
        """Put compiled functions in the place of the eager ones; the weights become part of them."""
        on_cpu = self._device.type == "cpu"
        if on_cpu and not any(map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))):
            raise ConfigError(
                "the engine torch-compiled needs a C++ compiler, found neither g++ nor clang++: install one "
                "(Debian: apt install g++), or take the engine torch"
            )
        # Without `freezing` weights are laid out anew for every picture; CUDA graphs spare a launch a layer.
        options: dict[str, Any] = {"freezing": True} if on_cpu else {"triton.cudagraphs": True}
        self._model.eval().requires_grad_(False)
        self._logits = torch.compile(self._model, options=options)
        self._masks = torch.compile(self._choose_best, options=options)
        self.name += " compiled"

    @contextmanager
    def _ready(self, images: NDArray[Any]) -> Iterator[Tensor]:
        """Give the batch on the device, with everything set for inference while the block runs."""
        _check_process(self._device)
        images = check_images(images, self.card)
        on_cpu = self._device.type == "cpu"
        with self._turn, computing(images, mend="" if on_cpu else SMALLER):
            if on_cpu:
                check_memory(images, self.card, 2 if self._bf16 else 4)
            try:
                with (
                    _evaluating(self._model),
                    torch.inference_mode(),
                    torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16),
                ):
                    batch = torch.from_numpy(_for_torch(images)).to(self._device)
                    yield batch.contiguous(memory_format=torch.channels_last)
            except torch.OutOfMemoryError as error:
                raise ImageError(
                    f"{images.shape[2]} x {images.shape[3]} pixels (height x width) do not fit into the "
                    f"memory of {self._device}: {SMALLER}"
                ) from error


def _check_process(device: torch.device) -> None:
    """Refuse in a forked process to compute with more than one thread, which those of data loaders have."""
    if device.type != "cpu" or torch.get_num_threads() > 1:
        check_process("torch")


def _for_torch(images: NDArray[Any]) -> NDArray[Any]:
    """Return a batch that torch takes: it wants no array that is read-only, or mirrored even by one pixel."""
    return images if images.flags.writeable and min(images.strides) >= 0 else np.array(images)


@contextmanager
def _evaluating(model: FCN) -> Iterator[None]:
    """Put a network into evaluation mode while the block runs, and every module back into its own."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def find_device(device: str) -> torch.device:
    """Return the device of a name; "auto" is the first CUDA device if there is one, else the processor.

    Raises:
        ConfigError: the name is no device's, or the device is not there.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(
            f"the device '{device}' cannot be used: {str(error).splitlines()[0]}; expected cpu, or cuda on a "
            "machine with an NVIDIA GPU"
        ) from error
    return found


def keep_to_limit() -> None:
    """Have torch compute in no more threads than a container's limit leaves, which it does not see itself."""
    limit = limited_cores()
    if limit is not None and limit < torch.get_num_threads():
        torch.set_num_threads(limit)


def prefers_bf16(device: torch.device) -> bool:
    """Tell whether a device computes convolutions quicker in bf16 than in float32."""
    if device.type == "cuda":
        with torch.cuda.device(device):  # torch asks the current one, whichever that is
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and fast_bf16()

"""torchvision's ImageNet weights: downloaded once, checked, and kept. Needs no torch."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from ..cache import cache_folder
from ..errors import WeightsError
from .names import check_backbone

_log = logging.getLogger(__name__)

PUBLISHED = {
    "vgg11": "vgg11-8a719046.pth",
    "vgg13": "vgg13-19584684.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
    "vgg11_bn": "vgg11_bn-6002323d.pth",
    "vgg13_bn": "vgg13_bn-abd245e5.pth",
    "vgg16_bn": "vgg16_bn-6c64b313.pth",
    "vgg19_bn": "vgg19_bn-c79401a0.pth",
}
"""File of each backbone; behind the dash, the first digits of the file's SHA-256.

Source: torchvision, models/vgg.py.
"""

ADDRESS = "https://download.pytorch.org/models"
"""Where the files are, unless the environment variable PIXELWISE_WEIGHTS_URL names another place."""

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and the bytes of the whole file (0 if the server does not say)."""


def weights_file(weights: str | Path, backbone: str) -> Path:
    """Return the file that "imagenet" stands for, or the file of that name.

    Raises:
        ConfigError: no backbone has this name.
        WeightsError: there is no such file, or it cannot be had (see `imagenet_weights`).
    """
    if weights == "imagenet":
        return imagenet_weights(backbone)
    path = Path(weights).expanduser()
    if not path.is_file():
        what = "is a folder, expected a weights file" if path.is_dir() else "no such weights file"
        raise WeightsError(f"{path}: {what}")
    return path


def check_weights(weights: str | Path, backbone: str) -> None:
    """Make sure, before long work, that `weights_file` has or will have what to return; downloads nothing.

    Raises what that raises.
    """
    if weights != "imagenet":
        weights_file(weights, backbone)
        return
    url, path = _places(backbone)
    if not path.is_file():
        with _mend_told(url, path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _open(url).close()


def imagenet_weights(backbone: str, *, address: str | None = None, progress: Progress | None = None) -> Path:
    """Return the file with a backbone's ImageNet weights, downloading it if it is not there yet.

    Args:
        backbone: vgg11, vgg13, vgg16 or vgg19, with _bn behind it for BatchNorm.
        address: Folder on the web that holds the files; by default PIXELWISE_WEIGHTS_URL or torchvision's.
        progress: Called after each piece of a download.

    Raises:
        ConfigError: no backbone has this name.
        WeightsError: the file cannot be downloaded or stored, or is not what torchvision published.
    """
    url, path = _places(backbone, address)
    if not (path.is_file() and _is_published(path, path.name)):
        with _mend_told(url, path):
            _download(url, path, progress)
    return path


def _places(backbone: str, address: str | None = None) -> tuple[str, Path]:
    """Return where a backbone's file is on the web, and where it is kept."""
    file_name = PUBLISHED[check_backbone(backbone)]
    address = address or os.environ.get("PIXELWISE_WEIGHTS_URL") or ADDRESS
    return f"{address.rstrip('/')}/{file_name}", cache_folder() / file_name


@contextmanager
def _mend_told(url: str, path: Path) -> Iterator[None]:
    """Say how to go on where a download fails."""
    try:
        yield
    except (OSError, HTTPException, ValueError, WeightsError) as error:
        raise WeightsError(
            f"cannot download {url} ({error}). Without a network, get this file elsewhere and either store "
            f"it as {path} or pass it, --weights FILE; --weights none starts from fresh weights"
        ) from error


def _download(url: str, path: Path, progress: Progress | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, _open(url) as response:
            size = int(response.headers.get("Content-Length") or 0)
            _log.info("downloading %s (%d MB) to %s", url, size // 1_000_000, path)
            done = 0
            while piece := response.read(1 << 20):
                file.write(piece)
                done += len(piece)
                if progress:
                    progress(done, size)
        if done < size:
            raise WeightsError(f"the connection ended after {done} of {size} bytes")
        if not _is_published(Path(partial), path.name):
            raise WeightsError("what arrived is not the published file: its SHA-256 differs")
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _open(url: str) -> HTTPResponse:
    try:
        response: HTTPResponse = urllib.request.urlopen(url, timeout=30)
    except HTTPError as error:
        error.close()  # it holds the connection
        raise
    return response


def _is_published(path: Path, file_name: str) -> bool:
    digits = file_name.removesuffix(".pth").rpartition("-")[2]
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(digits)

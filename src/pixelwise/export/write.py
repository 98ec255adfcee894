"""Export a network: the file appears only when its answers agree, with the proof beside it."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..checkpoint import ModelCard, load_model
from ..engines.base import Engine
from ..engines.choose import ModelFiles
from ..errors import CheckpointError, ConfigError
from ..extras import package_version, require
from ..models.fcn import FCN
from ..writing import writing_to
from .formats import PACKAGES, SUFFIXES, FormatName, format_of
from .parity import Parity, measure_parity
from .pictures import make_batches, read_pictures


@dataclass(frozen=True)
class Export:
    """An exported model.

    Attributes:
        path: Its file.
        report: The file that proves that it computes the same.
        parity: What stands in that file.
        unread: A line for each picture that could not be read, for which others were taken.
    """

    path: Path
    report: Path
    parity: Parity
    unread: tuple[str, ...] = ()


def export_model(
    model: str | Path,
    format: FormatName = "openvino",
    *,
    out: str | Path | None = None,
    pictures: str | Path | None = None,
) -> Export:
    """Write a trained model for another runtime, for any number of pictures of any size.

    Args:
        model: A run folder, or a .safetensors file.
        format: "openvino" (.xml and .bin), "onnx" (.onnx) or "torch" (.pt2).
        out: File to write; by default beside the model, with its name. Earlier files are replaced.
        pictures: Folder of pictures to prove on that the file computes the same; generated ones by default.

    Raises:
        CheckpointError: there is no model, or the export computes something else than the network.
        ConfigError: there is no such format, or `out` does not end as its files do.
        DataError: the folder of pictures holds none that can be read.
        MissingExtraError: a package that writes the format is not installed.
    """
    if format not in SUFFIXES:
        raise ConfigError(f"no format is named '{format}', expected {', '.join(SUFFIXES)}")
    require(*PACKAGES[format])
    weights = ModelFiles.find(model).weights
    if weights is None:
        raise CheckpointError(f"{model}: an export is made from a .safetensors file, and there is none")
    path = Path(out) if out is not None else weights.with_suffix(SUFFIXES[format])
    if path.suffix != SUFFIXES[format]:
        raise ConfigError(f"{path}: expected a name that ends in {SUFFIXES[format]}, for the format {format}")
    network, card = load_model(weights)
    return export_network(network, card, path, pictures=None if pictures is None else Path(pictures))


def export_network(model: FCN, card: ModelCard, path: Path, *, pictures: Path | None = None) -> Export:
    """Write a network in the format that the name `path` stands for.

    Files appear only when they are whole and their answers agree with the network's; earlier files of these
    names are replaced. The network is left as it was.

    Raises:
        ConfigError: `path` ends like no format's file.
        CheckpointError: the written file computes something else than the network.
        DataError: the folder of pictures holds none that can be read, or the files cannot be written.
    """
    format_name = format_of(path)
    shots, unread = (None, ()) if pictures is None else read_pictures(pictures, card.form)
    write, tolerance = _writer(format_name)
    model = copy.deepcopy(model).cpu().float().eval()
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    report = path.with_name(f"{path.name}.parity.json")
    with writing_to(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        written = Path(folder) / path.name
        engine = write(model, card, written)
        batches = make_batches(shots, card.form, card.network["std"])
        parity = measure_parity(model, engine, batches, tolerance)
        _check(parity, path)
        text = json.dumps(_describe(format_name, path, card, pictures, parity), indent=2)
        (Path(folder) / report.name).write_text(text + "\n", encoding="utf-8")
        put_in_place(written, path)
    return Export(path, report, parity, unread)


def put_in_place(written: Path, path: Path) -> None:
    """Move a file, and all that lies beside it, to where it belongs; earlier files are replaced.

    Interrupted anywhere in here, new weights never stand beside an old graph.

    Args:
        written: The file that makes the others valid, in a folder of its own.
        path: Where it belongs, with the same name.
    """
    path.unlink(missing_ok=True)
    for file in sorted(written.parent.iterdir(), key=lambda file: file == written):
        file.replace(path.parent / file.name)


def _writer(format_name: FormatName) -> tuple[Callable[[FCN, ModelCard, Path], Engine], float]:
    """Return what writes a format, and the largest difference that passes; needs that format's packages."""
    if format_name == "openvino":
        from . import openvino

        return openvino.write_openvino, openvino.TOLERANCE
    if format_name == "onnx":
        from . import onnx

        return onnx.write_onnx, onnx.TOLERANCE
    from . import torch

    return torch.write_torch, torch.TOLERANCE


def _check(parity: Parity, path: Path) -> None:
    if not parity.passed:
        raise CheckpointError(
            f"{path}: not written, since the export's logits differ from the network's by "
            f"{parity.largest_difference:.2g} of the largest (expected at most {parity.tolerance}) and "
            f"{parity.agreement:.2%} of the pixels agree (expected all): are all weights finite numbers?"
        )


def _describe(
    format_name: FormatName, path: Path, card: ModelCard, pictures: Path | None, parity: Parity
) -> dict[str, Any]:
    """Return what stands in the report."""
    packages = (*PACKAGES[format_name], *(["openvino"] if format_name == "openvino" else []))
    versions = {package: package_version(package) for package in packages}
    return {
        "file": path.name,
        "format": format_name,
        "network": card.network["name"],
        "family": card.network["family"],
        "fingerprint": card.fingerprint,
        "pictures": "generated" if pictures is None else str(pictures),
        **parity.to_dict(),
        "versions": {"pixelwise": __version__, **versions},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }

"""Whole runs on pictures that are no photos: trained, scored, predicted from files and from arrays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import pixelwise
from pixelwise.checkpoint import read_card
from pixelwise.data.folder import open_data
from pixelwise.data.form import PictureForm
from pixelwise.data.write import write_folder
from pixelwise.engines.choose import EngineName
from pixelwise.errors import DataError
from pixelwise.predict.folder import predict_folder

Write = Callable[[Path, np.ndarray], None]

BANDS: dict[str, Any] = {"photometric": "minisblack"}
KINDS: dict[str, tuple[str, int, float, Write, PictureForm]] = {
    "4 bands of uint8": ("uint8", 4, 200, lambda p, a: tifffile.imwrite(p, a), PictureForm(4)),
    "5 bands of uint16": (
        "uint16",
        5,
        4000,
        lambda p, a: tifffile.imwrite(p, np.moveaxis(a, -1, 0), **BANDS, planarconfig="separate"),
        PictureForm(5, "integer"),
    ),
    "float32": ("float32", 1, 0.3, lambda p, a: tifffile.imwrite(p, a[..., 0]), PictureForm(1, "float")),
    "16-bit grey PNG": (
        "uint16",
        1,
        4000,
        lambda p, a: Image.fromarray(a[..., 0]).save(p),
        PictureForm(1, "integer"),
    ),
}


def _write_set(root: Path, kind: str) -> dict[str, list[np.ndarray]]:
    dtype, channels, scale, write, _ = KINDS[kind]
    rng = np.random.default_rng(0)
    written: dict[str, list[np.ndarray]] = {"train": [], "val": []}
    for split, number in (("train", 4), ("val", 2)):
        for folder in ("images", "masks"):
            (root / split / folder).mkdir(parents=True)
        for i in range(number):
            mask = np.zeros((32, 48), np.uint8)
            mask[rng.integers(2, 16) :, rng.integers(2, 30) :] = 1
            light = mask[..., None] * np.linspace(0.3, 0.7, channels) + rng.random((32, 48, channels)) * 0.3
            picture = (light * scale).astype(dtype)
            suffix = "png" if "PNG" in kind else "tif"
            write(root / split / "images" / f"{i}.{suffix}", picture)
            Image.fromarray(mask).save(root / split / "masks" / f"{i}.png")
            written[split].append(picture)
    return written


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_measures_its_channels_and_predicts_files_as_arrays(kind: str, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    written = _write_set(data, kind)
    how: dict[str, Any] = {"model": "fcn32s_vgg11", "weights": "none", "workers": 0, "device": "cpu"}
    result = pixelwise.train(data, **how, epochs=1, repeats=1, batch_size=2, out=run)
    assert (run / "examples" / "best.png").is_file()

    card = read_card(run / "model.safetensors")
    form = KINDS[kind][-1]
    assert (card.form.channels, card.form.values) == (form.channels, form.values)
    pixels = np.concatenate([picture.reshape(-1, form.channels) for picture in written["train"]], dtype=float)
    np.testing.assert_allclose(card.network["mean"], pixels.mean(0), rtol=1e-6)
    np.testing.assert_allclose(card.network["std"], pixels.std(0), rtol=1e-6)

    assert result.scores is not None
    assert pixelwise.evaluate(run, data).scores.mean_iou == result.scores.mean_iou
    engines: tuple[EngineName, ...] = ("openvino", "torch")
    files = sorted((data / "val" / "images").iterdir())
    for engine in engines:
        predictor = pixelwise.Predictor.load(run, engine=engine)
        for file, picture in zip(files, written["val"], strict=True):
            np.testing.assert_array_equal(predictor.logits(file), predictor.logits(picture))
    out = tmp_path / "masks"
    report = predict_folder(pixelwise.Predictor.load(run), [data / "val" / "images"], out, overlay=True)
    assert len(report.written) == 2
    assert len(list((out / "overlays").iterdir())) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_converting_keeps_the_pictures_and_what_was_decided(kind: str, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    _write_set(data, kind)
    lines = f"names: [a, b]\nchannels: {KINDS[kind][1]}\n"
    (data / "dataset.yaml").write_text(lines)
    assert not write_folder(open_data(data), out).failed
    assert open_data(out).channels == KINDS[kind][1]
    for file in (data / "train" / "images").iterdir():
        assert (out / "train" / "images" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("spoil", ["cut", "mixed"])
def test_a_spoilt_picture_is_named_before_the_run_begins(spoil: str, tmp_path: Path) -> None:
    _write_set(tmp_path / "data", "5 bands of uint16")
    path = tmp_path / "data" / "train" / "images" / "1.tif"
    if spoil == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        tifffile.imwrite(path, np.zeros((32, 48, 4), np.uint16), **BANDS, planarconfig="contig")
    words = "is damaged" if spoil == "cut" else "holds 4 bands of uint16"
    with pytest.raises(DataError, match=rf"1 fault in 6 pairs\n  .*1\.tif: {words}"):
        pixelwise.train(tmp_path / "data", weights="none", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()

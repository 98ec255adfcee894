"""A folder of JPEGs to a folder of masks, against the network alone on the same pictures."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.data.image import read_image
from pixelwise.data.shapes import draw_scene
from pixelwise.predict.folder import predict_folder
from pixelwise.predict.predictor import Predictor

from .memory import resident_memory
from .models import make_model
from .table import Section

SIZE = (768, 1024)
DRAWN = 20
CHUNK = 10


def measure_folder(folder: Path, name: str, pictures: int) -> Section:
    """Predict `pictures` JPEGs in chunks; each chunk goes through the network alone as well, in turn."""
    files = make_pictures(folder / "pictures", pictures)
    predictor = Predictor.load(make_model(folder, name))
    predictor(read_image(files[0]))
    alone, whole, resident = [], [], []
    for number in range(0, len(files), CHUNK):
        chunk = files[number : number + CHUNK]
        loaded = [predictor._batch(read_image(file)) for file in chunk]
        start = time.perf_counter()
        for batch in loaded:
            predictor.engine.masks(batch)
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        predict_folder(predictor, chunk, folder / "masks" / str(number))
        whole.append(time.perf_counter() - start)
        resident.append(resident_memory())
    share = statistics.median(a / b for a, b in zip(alone, whole, strict=True))
    return Section(
        "folder",
        "A folder of pictures",
        f"{len(files)} JPEGs of {SIZE[1]} x {SIZE[0]} ({DRAWN} different ones), {name}, "
        f"{predictor.engine.name}: `pixelwise predict`'s reading, computing and writing of palette PNGs "
        f"against the network alone on pictures in memory, in turn, {CHUNK} pictures each. Every "
        f"chunk starts "
        "and ends with nothing to overlap with; a long run has that once.",
        ("pictures a second", "network alone", "reading and writing too", "share", "memory, first and last"),
        [
            (
                name,
                f"{CHUNK / statistics.median(alone):.2f}",
                f"{CHUNK / statistics.median(whole):.2f}",
                f"{share:.1%}",
                f"{resident[0] / 2**20:.0f} and {resident[-1] / 2**20:.0f} MiB",
            )
        ],
        {"folder": share},
    )


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Write JPEGs to a folder: some that are drawn, then links to them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(count):
        path = folder / f"{number:05}.jpg"
        if not path.exists() and number >= DRAWN:
            path.hardlink_to(files[number % DRAWN])
        elif not path.exists():
            make_picture(path, SIZE, number)
        files.append(path)
    return files


def make_picture(path: Path, size: tuple[int, int], seed: int = 0) -> Path:
    """Write a generated picture of a size (height, width) as JPEG."""
    picture = Image.fromarray(draw_scene(np.random.default_rng(seed), size)[0])
    picture.resize(size[::-1]).save(path, quality=90)
    return path

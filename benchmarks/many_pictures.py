"""Measure what `check` and the start of a training cost in memory and time as a data set grows.

    python benchmarks/many_pictures.py WORK --numbers 1000 10000

Generates data sets of small pictures (about 128 x 96, JPEG and PNG masks), in our own layout and as COCO
JSON, and runs each command in a process of its own: its peak memory, child processes included, and its time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pixelwise.data.shapes import draw_scene

SIZE = (96, 128)
SCENES = 64
NAMES = ("background", "disc", "square", "triangle", "star", "bar")

FIRST_BATCH = """
import sys, time
begin = time.perf_counter()
import torch
from pixelwise.training import run
def stop(trainer, module, loaders, state, place):
    batch = next(iter(loaders.training))
    print("first batch", tuple(batch[0].shape), f"after {time.perf_counter() - begin:.1f} s", flush=True)
    raise SystemExit(0)
run._fit = stop
run.train(sys.argv[1], model="fcn32s_vgg11", weights="none", device="cpu", batch_size=8, out=sys.argv[2])
"""


def scenes() -> list[tuple[np.ndarray, np.ndarray]]:
    return [draw_scene(np.random.default_rng(seed), SIZE) for seed in range(SCENES)]


def folder_set(root: Path, number: int) -> Path:
    """Write `number` pairs: scenes, rolled each in its own way, so that no two pictures are the same."""
    drawn = scenes()
    for place in range(number):
        image, mask = drawn[place % SCENES]
        split = root / ("val" if place % 10 == 9 else "train")
        way = divmod(place // SCENES, SIZE[1])
        rolled = np.roll(image, way, axis=(0, 1)), np.roll(mask, way, axis=(0, 1))
        for kind, pixels, suffix in zip(("images", "masks"), rolled, ("jpg", "png"), strict=True):
            path = split / kind / f"{place:06}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    lines = "".join(f"  {value}: {name}\n" for value, name in enumerate(NAMES))
    (root / "dataset.yaml").write_text(f"names:\n{lines}ignore: [255]\n")
    return root


def unnamed_set(root: Path, folder: Path) -> Path:
    """The same pairs without dataset.yaml, so that the masks tell the classes."""
    shutil.copytree(folder, root, copy_function=os.link)
    (root / "dataset.yaml").unlink()
    return root


def coco_set(root: Path, folder: Path) -> Path:
    """The same pictures with polygons as COCO JSON."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        shutil.copytree(folder / split / "images", root / f"{split}2017", copy_function=os.link)
        images, annotations = [], []
        for place, path in enumerate(sorted((root / f"{split}2017").iterdir())):
            with Image.open(path) as picture:
                width, height = picture.size
            images.append({"id": place, "file_name": path.name, "height": height, "width": width})
            for _ in range(5):
                x, y = rng.uniform(0, 100, 2)
                corners = rng.uniform(0, 28, (8, 2)) + np.array([x, y])
                annotations.append(
                    {
                        "id": len(annotations),
                        "image_id": place,
                        "category_id": int(rng.integers(1, 6)),
                        "segmentation": [corners.round(2).ravel().tolist()],
                    }
                )
        categories = [{"id": value, "name": name} for value, name in enumerate(NAMES) if value]
        path = root / "annotations" / f"instances_{split}2017.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return root


def memory_of(process: int) -> int:
    """Return the resident bytes of a process and all below it, pages that they share counted once (PSS)."""
    total = 0
    todo = [process]
    while todo:
        number = todo.pop()
        try:
            rollup = Path(f"/proc/{number}/smaps_rollup").read_text()
            total += 1024 * int(rollup.partition("Pss:")[2].split()[0])
            for task in Path(f"/proc/{number}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except (OSError, IndexError, ValueError):
            continue
    return total


def measured(command: list[str], cache: Path) -> tuple[float, float, str]:
    """Run a command; return its seconds, its peak memory in MB, and the last line that it printed."""
    begin, peak, done = time.perf_counter(), 0, threading.Event()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PIXELWISE_CACHE": str(cache)},
    )  # fmt: skip

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, memory_of(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    done.set()
    watcher.join()
    return time.perf_counter() - begin, peak / 2**20, out.strip().splitlines()[-1] if out.strip() else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--numbers", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--kinds", nargs="+", default=["folder", "unnamed", "coco"])
    arguments = parser.parse_args()
    work = arguments.work
    runs, cache = work / "runs", work / "cache"
    for number in arguments.numbers:
        folder = work / f"folder-{number}"
        if not folder.exists():
            folder_set(folder, number)
            unnamed_set(work / f"unnamed-{number}", folder)
            coco_set(work / f"coco-{number}", folder)
    time.sleep(3)  # what was written just now is not remembered
    shutil.rmtree(cache, ignore_errors=True)
    first: dict[tuple[str, str], tuple[int, float]] = {}
    for number in arguments.numbers:
        for kind in arguments.kinds:
            data = str(work / f"{kind}-{number}")
            check = [sys.executable, "-m", "pixelwise", "check", data, "--json", str(work / "found.json")]
            start = [sys.executable, "-c", FIRST_BATCH, data, str(runs)]
            for what, command in (
                ("check", [*check, "--overwrite"]),
                ("check again", [*check, "--overwrite"]),
                ("first batch", start),
            ):
                shutil.rmtree(runs, ignore_errors=True)
                took, peak, said = measured(command, cache)
                before, least = first.setdefault((kind, what), (number, peak))
                grown = (
                    f"{1024 * (peak - least) / (number - before):6.2f} KB a pair" if number > before else ""
                )
                print(
                    f"{kind:8} {number:7,} {what:12} {took:6.1f} s {peak:7.0f} MB {grown:18} {said}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Feed damaged data sets to every command that reads data, and report what does not end as it should.

    python benchmarks/fuzz.py WORK --rounds 500 --seed 0

Takes the test sets of all formats, damages a file or several of each (bits, numbers, keys, nesting, sizes,
names), and runs check, convert, classes, train (up to the network), evaluate and predict on it, in a child
process. A failure is an exception that is not a `PixelwiseError`, a run of over 20 seconds of a processor (or
five times that by the clock), over 2 GiB of memory, a crash, or a file that was written outside of what the
command was told to write. Each failure is printed at once, and a line on the way every 100 rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "data" / "formats"))
import published

from damage import YAML_TEXTS, damage_file, hostile_zip
from pixelwise.cli.app import main as pixelwise

SECONDS, MEGABYTES = 20, 2048
SLOW, LARGE = SECONDS / 2, MEGABYTES / 2  # from which a set is named
COLORS = ("jpg", "png", "tif", "webp", "bmp", "gif", "ppm")


def folder_set(root: Path, rng: random.Random) -> Path:
    """Our own layout with pictures and masks of many kinds of files."""
    noise = np.random.default_rng(rng.randrange(2**31))
    for number in range(4):
        size = (int(noise.integers(1, 90)), int(noise.integers(1, 90)))
        mask = noise.integers(0, 4, size).astype(np.uint8)
        for kind, suffixes in (("images", COLORS), ("masks", (*COLORS[1:], "png", "png"))):
            suffix = rng.choice(suffixes)
            pixels = noise.integers(0, 256, (*size, 3), np.uint8) if kind == "images" else mask
            picture = Image.fromarray(pixels)
            if kind == "masks" and suffix in ("png", "tif", "bmp", "gif") and rng.random() < 0.4:
                picture.putpalette(bytes(range(256)) * 3)
            if kind == "images" and suffix == "tif":
                choice = rng.choice((np.uint16, np.float32, np.uint8, np.int32))
                picture = Image.fromarray((noise.random(size) * 300).astype(choice))
            exif = Image.Exif()
            exif[0x0112] = rng.randrange(9)
            path = root / ("val" if number == 3 else "train") / kind / f"{number}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            more = {"exif": exif.tobytes()} if suffix in ("jpg", "png", "webp") else {}
            picture.save(path, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix), **more)
    if rng.random() < 0.7:
        text = "names: {0: a, 1: b, 2: c, 3: d}\ncolors: {0: [1, 2, 3], 1: '#ff0000'}\nignore: [255]\n"
        text += "merge: {x: [a, b]}\ndrop: [c]\nrename: {d: e}\n" * rng.randrange(2)
        (root / "dataset.yaml").write_text(text)
    return root


def build(place: Path, rng: random.Random) -> tuple[str, Path]:
    """Make a damaged data set and return what it is, and its folder or file."""
    root = place / "data"
    root.mkdir()
    name = rng.choice([*published.BUILDERS, *["folder"] * 6])
    data = folder_set(root, rng) if name == "folder" else published.BUILDERS[name](root).root or root
    files = sorted(file for file in root.rglob("*") if file.is_file())
    texts = [
        file for file in files if file.suffix not in (".png", ".jpg", ".tif", ".webp", ".bmp", ".gif", ".ppm")
    ]
    for _ in range(rng.randrange(1, 4)):
        damage_file(rng.choice(texts if texts and rng.random() < 0.7 else files), rng)
    if name != "folder" and rng.random() < 0.15:
        (root / "dataset.yaml").write_bytes(rng.choice(YAML_TEXTS))
    if data.is_dir() and rng.random() < 0.15:
        return f"{name} in a zip", hostile_zip(data, place / "data.zip", rng)
    return name, data


class Started(Exception):
    """A training has come as far as it should."""


def run_all(data: Path, place: Path) -> None:
    """Run every command that takes data; whatever they raise comes out."""
    from pixelwise import evaluation
    from pixelwise.checkpoint import ModelCard
    from pixelwise.data.dataset import ValidationSet
    from pixelwise.data.folder import open_data
    from pixelwise.errors import PixelwiseError
    from pixelwise.predict.folder import predict_folder
    from pixelwise.predict.predictor import Predictor
    from pixelwise.training import run

    out = place / "out"
    assert pixelwise(["check", str(data), "--html", str(out / "a.html"), "--json", str(out / "a.json")]) in (
        0,
        1,
    )
    assert pixelwise(["check", str(data), "--json", str(out / "b.json"), "--fix", str(out / "fixed")]) in (
        0,
        1,
    )
    assert pixelwise(["classes", str(data), "--out", str(out / "draft.yaml")]) in (0, 1)
    assert pixelwise(["convert", str(data), str(out / "converted")]) in (0, 1)

    def started(opened: Any, *_: Any, **__: Any) -> None:
        for split in ("train", "val"):
            pairs = ValidationSet(opened.split(split), opened.codec)
            for number in range(len(pairs)):
                _ = pairs[number]
        raise Started

    run._make_model = started
    with contextlib.suppress(Started, PixelwiseError):
        run.train(data, out=out / "run", device="cpu")

    class Flat:
        """An engine that finds class 0 everywhere."""

        name = "flat"

        def __init__(self, labels: Any) -> None:
            network = {"num_classes": labels.num_classes, "in_channels": 3}
            self.card = ModelCard(network, labels)

        def masks(self, images: Any) -> Any:
            return np.zeros((len(images), *images.shape[2:]), np.uint8)

    with contextlib.suppress(PixelwiseError):
        opened = open_data(data)
        predictor = Predictor(Flat(opened.labels))  # type: ignore[arg-type]
        for split in opened.splits:
            with contextlib.suppress(PixelwiseError):
                evaluation.evaluate(predictor, opened, split=split)
        predict_folder(predictor, [data if data.is_dir() else data.parent], out / "masks", areas=True)


def child(data: Path, place: Path, log: Path) -> int:
    """Run everything in a child process; return what went wrong as a code, and write it to a file."""
    os.environ["PIXELWISE_CACHE"] = str(place / "cache")
    os.environ["HOME"] = str(place / "home")
    tempfile.tempdir = str(place / "tmp")
    os.chdir(place / "cwd")
    file = log.open("w", buffering=1, errors="backslashreplace")  # a line at once: a child ends by _exit
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    sys.stdout = sys.stderr = file
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    # twice what fails: a child that takes all memory must not have the kernel choose the parent
    resource.setrlimit(resource.RLIMIT_DATA, (own_data() + 2 * MEGABYTES * 2**20,) * 2)
    try:
        run_all(data, place)
    except BaseException:
        traceback.print_exc()
        return 9
    return 0


def own_data() -> int:
    """Return the bytes that this process has of what RLIMIT_DATA limits."""
    found = re.search(r"VmData:\s*(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0


def contents(root: Path) -> dict[str, tuple[int, int]]:
    if root.is_file():
        return {"": (root.stat().st_size, root.stat().st_mtime_ns)}
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def attempt(place: Path, seed: str) -> tuple[str, str, float, float]:
    """Make and use one damaged data set; return its kind, what failed, its seconds and its memory in MB."""
    shutil.rmtree(place, ignore_errors=True)
    for name in ("tmp", "cwd", "home"):
        (place / name).mkdir(parents=True)
    rng = random.Random(seed)
    kind, data = build(place, rng)
    known, before, log = {path.name for path in place.iterdir()}, contents(data), place / "log.txt"
    begin = time.monotonic()
    number = os.fork()
    if number == 0:
        code = 9
        try:
            code = child(data, place, log)
        finally:
            os._exit(code)
    while True:
        done, status, usage = os.wait4(number, os.WNOHANG)
        if done:
            break
        if time.monotonic() - begin > 5 * SECONDS:
            os.kill(number, signal.SIGKILL)
        time.sleep(0.005)
    took, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    failure = _crash(status, log.read_text(errors="replace"))
    stray = {path.name for path in place.iterdir()} - known - {"out", "cache", "log.txt"}
    if not failure and memory > MEGABYTES:
        failure = f"took {memory:.0f} MB"
    elif not failure and stray:
        failure = f"wrote {stray} beside the data"
    elif not failure and any([*(place / name).iterdir()] for name in ("cwd", "home")):
        failure = "wrote into the current or the home folder"
    elif not failure and contents(data) != before:
        failure = "changed the data"
    return kind, failure, took, memory


def _crash(status: int, text: str) -> str:
    """Return how a child failed, by its status and what it printed; nothing where it did not."""
    said = re.search(r"Traceback[\s\S]*", text)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name  # SIGXCPU: too long; SIGKILL: hangs
        return f"{text[-2000:]}\nkilled by {name}"
    code = os.WEXITSTATUS(status)
    return said[0] if said else f"{text[-2000:]}\nended with code {code}" if code else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="*", help="rounds to repeat; their files stay")
    arguments = parser.parse_args()
    import torch

    from pixelwise.training import run  # noqa: F401  imported once, for all children

    torch.set_num_threads(1)
    kinds: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    slowest = largest = 0.0
    begin = time.monotonic()
    for number in arguments.only or range(arguments.rounds):
        place = arguments.work / (f"round-{number}" if arguments.only else "round")
        kind, failure, took, memory = attempt(place, f"{arguments.seed}-{number}")
        kinds[kind] += 1
        slowest, largest = max(slowest, took), max(largest, memory)
        if failure:
            last = failure.strip().splitlines()[-1]
            failures[last[:100]] += 1
            text = failure[-1500:] if failures[last[:100]] <= 2 else last
            print(f"--- round {number}, {kind}\n{text}", flush=True)
        if took > SLOW or memory > LARGE:
            print(f"--- round {number}, {kind}: took {took:.1f} s, {memory:.0f} MB", flush=True)
        if kinds.total() % 100 == 0:
            own = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
            print(
                f"{kinds.total()} rounds, {failures.total()} failures, slowest {slowest:.1f} s, largest "
                f"{largest:.0f} MB, after {time.monotonic() - begin:.0f} s; this process {own:.0f} MB",
                flush=True,
            )
    total = kinds.total()
    print(f"{total} damaged sets of {len(kinds)} kinds, each through 7 commands: ")
    print(f"{failures.total()} failures, slowest {slowest:.1f} s, largest {largest:.0f} MB")
    for text, number in failures.most_common():
        print(f"  {number:4} {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

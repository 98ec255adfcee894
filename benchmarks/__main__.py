"""Measure: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from .agreement import measure_agreement
from .cold import measure_cold
from .folder import measure_folder
from .gpu import measure_gpu
from .latency import measure_latency
from .machine import describe_machine
from .memory import MEGAPIXELS, measure_pixels
from .peak import measure_peak
from .report import draw_report, write_report
from .table import Section
from .training import SHAPE, measure_training

SECTIONS = ("peak", "latency", "cold", "folder", "pixels", "training", "agreement", "gpu")
DOCS = Path(__file__).parents[1] / "docs"
NETWORK = "fcn8s_vgg16"


def main() -> None:
    """Run the sections that were asked for; print each, then write the page and its picture."""
    options = _parse()
    sections = []
    with tempfile.TemporaryDirectory(prefix="pixelwise-bench-") as folder:
        start = time.perf_counter()
        for section in _measure(options, Path(folder)):
            print(f"{section.to_markdown()}\n({time.perf_counter() - start:.0f} s)\n", flush=True)
            sections.append(section)
            start = time.perf_counter()
    machine = describe_machine(f"python -m benchmarks {shlex.join(sys.argv[1:])}".strip())
    if options.note:
        machine += f"\n- note: {options.note}"
    print(machine)
    if not options.quick:
        write_report(sections, machine, DOCS / "performance.md")
        draw_report(sections, DOCS / "images")


def _measure(options: argparse.Namespace, folder: Path) -> Iterator[Section]:
    quick, only = options.quick, options.only
    peak: dict[str, float] = {}
    if "peak" in only or "latency" in only:
        section = measure_peak(5 if quick else max(15, options.rounds))
        peak = section.numbers["peak"]
        yield section
    if "latency" in only:
        names = [NETWORK] if quick else options.networks
        sizes = [256] if quick else options.sizes
        yield measure_latency(folder, names, sizes, 3 if quick else options.rounds, peak, compiled=not quick)
    if "cold" in only:
        yield measure_cold(folder, NETWORK, 3 if quick else 9)
    if "folder" in only:
        yield measure_folder(folder, NETWORK, options.pictures or (10 if quick else 60))
    if "pixels" in only:
        yield measure_pixels(folder, NETWORK, MEGAPIXELS[:2] if quick else options.megapixels)
    if "training" in only:
        yield measure_training(1 if quick else options.rounds, (1, 3, 128, 128) if quick else SHAPE)
    if "agreement" in only and options.data and options.model:
        yield measure_agreement(options.model, options.data, options.split, 10 if quick else None)
    if "gpu" in only and torch.cuda.is_available():
        yield measure_gpu(folder, NETWORK, [512] if quick else options.sizes, 3 if quick else 9)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="sections to measure")
    parser.add_argument("--quick", action="store_true", help="a minute's look; nothing is written")
    networks = ["fcn32s_vgg16", NETWORK, "fcn2s_vgg16"]
    parser.add_argument("--networks", nargs="+", default=networks, help="of the section latency")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024], help="of latency")
    parser.add_argument("--megapixels", nargs="+", type=float, default=MEGAPIXELS, help="of pixels")
    parser.add_argument("--pictures", type=int, help="JPEGs of the section folder, by default 60")
    parser.add_argument("--rounds", type=int, default=5, help="turns of latency and training, by default 5")
    parser.add_argument("--note", help="what readers should know of the machine at that time")
    parser.add_argument("--data", type=Path, help="data set of the section agreement")
    parser.add_argument("--model", type=Path, help="run folder of the section agreement, exported")
    parser.add_argument("--split", default="val", help="split of the section agreement")
    return parser.parse_args()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""Plant faults in copies of a data set, check the copies, and print what was found of them.

    python benchmarks/planted_faults.py DATA WORK --seeds 0 1 2

DATA is a data set in our own layout, with splits, that `pixelwise check` finds nothing in; its masks hold
ids. It stays as it is. One copy gets a fault of every kind that a single file can have, in files that the
seed chooses; faults of the whole set get a copy each.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixelwise.data.description import draft
from pixelwise.data.image import read_image
from pixelwise.inspection.findings import find
from pixelwise.inspection.survey import Survey, survey

Masks = NDArray[np.uint8]


class Planter:
    """Gives out pairs of a copy, none of them twice, and the classes of the data set."""

    def __init__(self, root: Path, clean: Survey, seed: int) -> None:
        self.root = root
        self.rng = np.random.default_rng(seed)
        self.description = clean.meaning.description
        self.ids = sorted(self.description.names)
        self._left = {
            split: list(self.rng.permutation(len(names)))
            for split, names in (("train", self._files("train")), ("val", self._files("val")))
        }
        self._names = {split: self._files(split) for split in self._left}

    def _files(self, split: str) -> list[Path]:
        return sorted((self.root / split / "masks").iterdir())

    def pair(self, split: str = "train") -> tuple[Path, Path]:
        """Return a picture and its mask that no fault has been planted in."""
        mask = self._names[split][self._left[split].pop()]
        return next((self.root / split / "images").glob(f"{mask.stem}.*")), mask

    def rich_pair(self) -> tuple[Path, Path]:
        """Return a pair whose mask holds many areas, so that a shift of it can be told."""
        pairs = [self.pair() for _ in range(5)]
        return max(pairs, key=lambda pair: np.unique(ids_of(pair[1])).size)


def ids_of(mask: Path) -> Masks:
    with Image.open(mask) as picture:
        return np.array(picture)


def replace(path: Path, values: Masks) -> Path:
    path.unlink()
    Image.fromarray(values).save(path)
    return path


def no_mask(plant: Planter) -> Path:
    image, mask = plant.pair()
    mask.unlink()
    return image


def no_picture(plant: Planter) -> Path:
    image, mask = plant.pair()
    image.unlink()
    return mask


def doubled_name(plant: Planter) -> Path:
    image, _ = plant.pair()
    suffix = ".jpg" if image.suffix != ".jpg" else ".png"
    Image.fromarray(read_image(image)).save(image.with_suffix(suffix))
    return max(image, image.with_suffix(suffix))


def half_size(plant: Planter) -> Path:
    _, mask = plant.pair()
    return replace(mask, ids_of(mask)[::2, ::2])


def truncated_picture(plant: Planter) -> Path:
    image, _ = plant.pair()
    image.write_bytes(image.read_bytes()[: image.stat().st_size * 2 // 3])
    return image


def truncated_mask(plant: Planter) -> Path:
    _, mask = plant.pair()
    mask.write_bytes(mask.read_bytes()[: mask.stat().st_size * 2 // 3])
    return mask


def stray_value(plant: Planter) -> Path:
    """A patch of a class that the set does not have, as from another list of classes."""
    _, mask = plant.pair()
    values = ids_of(mask)
    top, left = (int(plant.rng.integers(0, side - 24)) for side in values.shape)
    values[top : top + 24, left : left + 24] = max(*plant.ids, *plant.description.ignore) + 7
    return replace(mask, values)


def black_and_white(plant: Planter) -> Path:
    _, mask = plant.pair()
    values = ids_of(mask)
    most = np.bincount(values.ravel()).argmax()
    return replace(mask, np.where(values == most, 255, 0).astype(np.uint8))


def bilinear(plant: Planter) -> Path:
    """A mask that was scaled down and up again like a picture: the values between two ids are ids too."""
    _, mask = plant.pair()
    whole = Image.fromarray(ids_of(mask))
    small = whole.resize((whole.width * 2 // 3, whole.height * 2 // 3), Image.Resampling.BILINEAR)
    return replace(mask, np.asarray(small.resize(whole.size, Image.Resampling.BILINEAR)))


def as_jpeg(plant: Planter) -> Path:
    _, mask = plant.pair()
    Image.fromarray(ids_of(mask)).save(mask.with_suffix(".jpg"), quality=95)
    mask.unlink()
    return mask.with_suffix(".jpg")


def camera_turned(plant: Planter) -> Path:
    """The picture as a camera stores it that was held upright; the mask as the labelling tool saw it."""
    image, mask = plant.pair()
    picture = Image.fromarray(read_image(image))
    image.unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(image.with_suffix(".jpg"), exif=exif, quality=95)
    return mask


def leaked(plant: Planter) -> Path:
    image, mask = plant.pair("val")
    for path, kind in ((image, "images"), (mask, "masks")):
        shutil.copyfile(path, plant.root / "train" / kind / f"copy_of_{path.name}")
    return plant.root / "train" / "images" / f"copy_of_{image.name}"


def leaked_as_jpeg(plant: Planter) -> Path:
    """A picture of val in train, smaller and saved as JPEG, with its mask."""
    image, mask = plant.pair("val")
    picture, values = Image.fromarray(read_image(image)), Image.fromarray(ids_of(mask))
    size = picture.width * 3 // 4, picture.height * 3 // 4
    folder = plant.root / "train"
    picture.resize(size, Image.Resampling.LANCZOS).save(folder / "images" / "web.jpg", quality=70)
    values.resize(size, Image.Resampling.NEAREST).save(folder / "masks" / "web.png")
    return image


def twice(plant: Planter) -> Path:
    image, mask = plant.pair()
    for path in (image, mask):
        shutil.copyfile(path, path.with_name(f"again_{path.name}"))
    return min(image, image.with_name(f"again_{image.name}"))


def never_labelled(plant: Planter) -> Path:
    _, mask = plant.pair()
    return replace(mask, np.full_like(ids_of(mask), plant.ids[0]))


def all_void(plant: Planter) -> Path:
    _, mask = plant.pair()
    return replace(mask, np.full_like(ids_of(mask), (*plant.description.ignore, 255)[0]))


def off_edges(plant: Planter) -> Path:
    """A mask that lies 12 to 20 pixels beside its picture, in both directions."""
    _, mask = plant.rich_pair()
    down, right = (int(plant.rng.integers(12, 21)) * int(plant.rng.choice((-1, 1))) for _ in "yx")
    values = np.pad(ids_of(mask), 20, mode="edge")
    height, width = values.shape
    return replace(mask, values[20 - down : height - 20 - down, 20 - right : width - 20 - right])


def black_picture(plant: Planter) -> Path:
    image, _ = plant.pair()
    return replace(image, np.zeros_like(read_image(image)))


def color_mask(plant: Planter) -> Path:
    _, mask = plant.pair()
    table = np.random.default_rng(1).integers(0, 256, (256, 3), np.uint8)
    return replace(mask, table[ids_of(mask)])


def thumbnail(plant: Planter) -> Path:
    image, mask = plant.pair()
    picture, values = Image.fromarray(read_image(image)), Image.fromarray(ids_of(mask))
    size = 24 * picture.width // picture.height, 24
    replace(image, np.asarray(picture.resize(size)))
    replace(mask, np.asarray(values.resize(size, Image.Resampling.NEAREST)))
    return image


FILES: dict[str, Callable[[Planter], Path]] = {
    "picture-without-mask": no_mask,
    "mask-without-picture": no_picture,
    "doubled-name": doubled_name,
    "size-mismatch": half_size,
    "unreadable-picture": truncated_picture,
    "unreadable-mask": truncated_mask,
    "value-beyond-names": stray_value,
    "black-and-white-mask": black_and_white,
    "smoothed-mask": bilinear,
    "jpeg-mask": as_jpeg,
    "rotation-lacks": camera_turned,
    "same-picture-across-splits": leaked,
    "near-same-across-splits": leaked_as_jpeg,
    "same-picture-twice": twice,
    "empty-mask": never_labelled,
    "all-ignored": all_void,
    "mask-off-edges": off_edges,
    "blank-picture": black_picture,
    "mixed-kinds": color_mask,
    "tiny-picture": thumbnail,
}
"""Faults of a file, by the kind of finding that names it."""


def describe(plant: Planter, names: dict[int, str], ignore: tuple[int, ...]) -> None:
    lines = [f"  {value}: {name}" for value, name in names.items()]
    text = "\n".join(["names:", *lines, f"ignore: [{', '.join(map(str, ignore))}]", ""])
    (plant.root / "dataset.yaml").write_text(text)


def shift_ids(plant: Planter) -> str:
    (plant.root / "dataset.yaml").write_text(draft(plant.description, {}, by_color=False))
    for mask in sorted(plant.root.glob("*/masks/*")):
        values = ids_of(mask)
        replace(mask, np.where(values == 255, 255, values + 1).astype(np.uint8))
    return ""


def undeclared_void(plant: Planter) -> str:
    describe(plant, dict(plant.description.names), ())
    return ""


def undeclared_255(plant: Planter) -> str:
    """Void is 255 in all masks, and the description does not say so."""
    for mask in sorted(plant.root.glob("*/masks/*")):
        values = ids_of(mask)
        replace(mask, np.where(np.isin(values, plant.description.ignore), 255, values).astype(np.uint8))
    describe(plant, dict(plant.description.names), ())
    return ""


def unused_name(plant: Planter) -> str:
    describe(plant, {**plant.description.names, 200: "unicorn"}, plant.description.ignore)
    return "unicorn"


def void_as_class(plant: Planter) -> str:
    names = {**plant.description.names, **dict.fromkeys(plant.description.ignore[:1], "void")}
    describe(plant, names, plant.description.ignore[1:])
    return "void"


def rare_class(plant: Planter) -> str:
    describe(plant, {**plant.description.names, 200: "pigeon"}, plant.description.ignore)
    _, mask = plant.pair()
    values = ids_of(mask)
    values[100:110, 100:110] = 200
    replace(mask, values)
    return "pigeon"


WHOLE: dict[str, tuple[str, Callable[[Planter], str]]] = {
    "ids shifted by one": ("ids-shifted", shift_ids),
    "void not declared": ("void-not-declared", undeclared_void),
    "void 255 not declared": ("void-not-declared", undeclared_255),
    "name in no mask": ("unused-name", unused_name),
    "void as a class": ("void-as-class", void_as_class),
    "class of 100 pixels": ("rare-class", rare_class),
}
"""Faults of the whole set: the finding, and what plants it and returns what must be named."""


def copied(data: Path, work: Path, name: str, clean: Survey, seed: int) -> Planter:
    root = work / name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(data, root)
    return Planter(root, clean, seed)


def check(root: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the files that each kind of finding names, each with what is said of it."""
    return {found.kind: list(found.files) for found in find(survey(root))}


def files_case(data: Path, work: Path, clean: Survey, seed: int) -> Iterator[tuple[str, str, str]]:
    """Plant all faults of files in one copy; yield fault, outcome, and the file."""
    plant = copied(data, work, f"files-{seed}", clean, seed)
    planted = {kind: function(plant) for kind, function in FILES.items()}
    found = check(plant.root)
    for kind, file in planted.items():
        there = str(file) in [named for named, _ in found.get(kind, [])]
        yield kind, "found" if there else "MISSED", str(file.relative_to(plant.root))
    ours = {str(plant.root / "train" / "images" / "web.jpg"), *map(str, planted.values())}
    for kind, files in found.items():
        for file, text in files or [("-", "")]:
            meant = {file, *text.split()} & ours  # frames of a film beside one that leaked are near it too
            if kind not in planted or not meant:
                yield kind, "FALSE ALARM", file.removeprefix(f"{plant.root}/")
    shutil.rmtree(plant.root)


def whole_case(name: str, data: Path, work: Path, clean: Survey, seed: int) -> Iterator[tuple[str, str, str]]:
    """Plant one fault of the whole set; yield fault, outcome, and what is named."""
    kind, function = WHOLE[name]
    plant = copied(data, work, name.replace(" ", "-"), clean, seed)
    named = function(plant)
    found = check(plant.root)
    there = kind in found and (not named or named in [file for file, _ in found[kind]])
    yield f"{kind} ({name})", "found" if there else "MISSED", named or "the whole set"
    for other in found.keys() - {kind}:
        yield other, "FALSE ALARM", name
    shutil.rmtree(plant.root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    data, work = arguments.data, arguments.work
    work.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    clean = survey(data)
    took = time.perf_counter() - begin
    alarms = find(clean)
    print(f"{data.name}: {len(clean.entries)} pairs in {took:.1f} s, {len(alarms)} findings")
    rows: list[tuple[str, str, str]] = []
    for seed in arguments.seeds:
        for row in files_case(data, work, clean, seed):
            print(f"seed {seed}  {row[0]:38} {row[1]:12} {row[2]}", flush=True)
            rows.append(row)
    for name in WHOLE:
        for row in whole_case(name, data, work, clean, arguments.seeds[0]):
            print(f"        {row[0]:38} {row[1]:12} {row[2]}", flush=True)
            rows.append(row)
    missed = sum(outcome == "MISSED" for _, outcome, _ in rows)
    false = sum(outcome == "FALSE ALARM" for _, outcome, _ in rows) + len(alarms)
    found = sum(outcome == "found" for _, outcome, _ in rows)
    print(f"{found} of {found + missed} faults found and named, {false} false alarms")
    return 1 if missed or false else 0


if __name__ == "__main__":
    sys.exit(main())

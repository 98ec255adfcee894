"""Write a mended copy of a data set: what is safe to mend, and nothing in place."""

from __future__ import annotations

import io
import shlex
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ..data.choices import CHOICES, MAX_VALUE, Choices
from ..data.description import FILE_NAME, draft, read_content
from ..data.detect import FOLDER
from ..data.image import upright
from ..data.masks import MaskValues, read_mask_values, unpack_color
from ..data.remap import remap
from ..data.scan import Progress, in_parallel
from ..data.stored import Again, Stored
from ..errors import DataError, ImageError
from ..labels import IGNORE_INDEX
from ..writing import new_folder
from .finding import count
from .findings.files import lacks_rotation
from .findings.splits import leaks
from .findings.values import ids_shifted, void_values
from .meaning import meaning_of
from .record import Entry
from .sharpen import sharpened
from .survey import Survey
from .verdict import Trouble, verdicts


def mend(survey: Survey, out: Path, *, progress: Progress | None = None) -> list[str]:
    """Write a copy of a data set to the folder `out`, with what is safe to mend mended.

    Masks are turned as their pictures say, soft edges become classes, 0/255 masks become ids, and void is
    declared; pairs that cannot be read or do not belong together are left out, and so is, from train, what
    stands in val or test too. All else is copied as it is.

    Args:
        survey: The data set.
        out: A new folder.
        progress: Told how many pairs are done.

    Returns:
        What was done, a sentence each.

    Raises:
        DataError: `out` is there already, lies within the data set, the data set is of another format, or the
            disk is full; nothing stays in `out` then.
    """
    if survey.once:
        raise DataError(
            f"{survey.root}: is no folder of the format {FOLDER.name}, which is all that --fix mends; it can "
            f"be mended once {survey.once}"
        )
    with new_folder(out, outside=survey.root) as folder:
        done = _write_all(survey, folder, progress)
        described = _describe(survey, folder, out / FILE_NAME, done)
    kept = [f"{count(number, 'pair')}: {what}" for what, number in Counter(done).items() if what]
    if not kept and not described:
        return [f"there was nothing that --fix can mend: {out} is a copy as it was"]
    check = f"pixelwise check {shlex.quote(str(out))}"
    return [*kept, *described, f"wrote the mended copy to {out}; check it with  {check}"]


def _write_all(survey: Survey, out: Path, progress: Progress | None) -> Stored[str]:
    """Write all pairs, and return what was done to each."""
    troubles = {id(verdict.pair): verdict.trouble for verdict in verdicts(survey)}
    copies = {id(pair) for pair in leaks(survey)}

    def write(entry: Entry) -> str:
        if id(entry.pair) in copies:
            return "left out of train, in another split too"
        try:
            return _write(survey, out, entry, troubles.get(id(entry.pair), Trouble.NONE))
        except (ImageError, FileNotFoundError):  # it has changed or gone since it was looked at
            return "left out, cannot be read"

    return Stored(in_parallel(write, survey.entries, progress))


def _write(survey: Survey, out: Path, entry: Entry, trouble: Trouble) -> str:
    """Write one pair and return what was done to it: nothing (""), mended, or left out, and why."""
    pair, picture, facts = entry.pair, entry.record.picture, entry.record.mask
    if isinstance(picture, str) or isinstance(facts, str):
        return "left out, cannot be read"
    turned = lacks_rotation(entry)
    if facts.record.size != picture.size and not turned:
        return "left out, picture and mask differ in size"
    if trouble is Trouble.NONE and set(survey.by_class(facts.record)) == {IGNORE_INDEX}:
        return "left out, ignored as a whole"
    image = out / entry.split / "images" / f"{pair.name}{pair.image.suffix}"
    mask = out / entry.split / "masks" / pair.name
    done = _done(survey, trouble)
    if turned or done:
        found = read_mask_values(pair.mask)
        values = _mended(survey, found, trouble)
        if values is None:
            return "left out, its classes cannot be told apart any more"
        by_color = found.by_color if trouble is Trouble.OTHER_KIND else survey.meaning.by_color
        if not by_color and values.max() > MAX_VALUE:
            return f"left out, it has values above {MAX_VALUE}"
        drawn = _drawn(values, by_color)
        if turned:
            drawn.getexif()[ExifTags.Base.Orientation] = picture.turned
            drawn = upright(drawn)
        suffix, content = _file(drawn)
    else:
        source = Path(str(pair.mask))
        suffix, content = source.suffix, source.read_bytes()
    _copy(pair.image, image)
    mask.parent.mkdir(parents=True, exist_ok=True)
    mask.with_name(mask.name + suffix).write_bytes(content)
    return " and ".join([*["mask turned upright"] * turned, *[done] * bool(done)])


def _done(survey: Survey, trouble: Trouble) -> str:
    """Return what is done about the trouble of a mask, if anything."""
    if trouble is Trouble.BLACK_AND_WHITE:
        return "255 written as the class" if survey.labels.num_classes == 2 else ""
    return "soft edges made classes" if trouble in (Trouble.SMOOTHED, Trouble.LOSSY) else ""


def _mended(survey: Survey, found: MaskValues, trouble: Trouble) -> NDArray[Any] | None:
    """Return the values (H, W) of a mask with its trouble mended.

    They are of the codec's kind; those of a mask of another kind stay as they are.
    """
    if trouble is Trouble.OTHER_KIND:
        return found.values
    values = survey.codec.recode(found.values, found.by_color, found.palette)
    if trouble is Trouble.BLACK_AND_WHITE and survey.labels.num_classes == 2:
        object_ = next(value for value, id_ in survey.codec.ids.items() if id_ == 1)
        return np.where(values == 255, object_, values)
    if trouble in (Trouble.SMOOTHED, Trouble.LOSSY):
        lossy = trouble is Trouble.LOSSY
        return sharpened(values, survey.codec.ids, survey.meaning.by_color, lossy)
    return values


def _drawn(values: NDArray[Any], by_color: bool) -> Image.Image:
    """Return a mask as a picture of ids of 8 or 16 bits, of 32 where some lie below 0, or of colours."""
    if by_color:
        channels = [values >> shift & 255 for shift in (16, 8, 0)]
        return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))
    kind = np.int32 if values.min() < 0 else np.uint8 if values.max() <= 255 else np.uint16
    return Image.fromarray(values.astype(kind))


def _file(drawn: Image.Image) -> tuple[str, bytes]:
    """Return suffix and content of a mask's file; PNG holds nothing below 0."""
    suffix, format = (".tif", "TIFF") if drawn.mode == "I" else (".png", "PNG")
    file = io.BytesIO()
    drawn.save(file, format)
    return suffix, file.getvalue()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _describe(survey: Survey, out: Path, told: Path, done: Stored[str]) -> list[str]:
    """Write the `dataset.yaml` of the copy, which will be at `told`, and return what is new in it."""
    source, target = survey.root / FILE_NAME, out / FILE_NAME
    void = _void(survey)
    if not any(out.iterdir()):
        return []
    if not void and not survey.meaning.unclear and not _loses_classes(survey, source, done):
        if source.exists():
            _copy(source, target)
        return []
    content = read_content(source)
    ignored = Choices(ignore=survey.choices.ignore, ignore_colors=survey.choices.ignore_colors)
    base = remap(survey.meaning.source, ignored)
    names = {value: name for value, name in base.names.items() if 0 <= value <= MAX_VALUE}
    colors = {value: color for value, color in base.colors.items() if 0 <= value <= MAX_VALUE}
    if not names:  # none that the file can hold
        return []
    base = replace(base, names=names, colors=colors)
    if survey.meaning.by_color:
        base = replace(base, ignore_colors=(*base.ignore_colors, *map(unpack_color, void)))
    else:
        base = replace(base, ignore=(*base.ignore, *void))
    text = draft(base, {}, by_color=survey.meaning.by_color)
    choices = {key: content[key] for key in CHOICES if key in content and key != "ignore"}
    if choices:
        text += "\n" + yaml.safe_dump(choices, allow_unicode=True, sort_keys=False)
    target.write_text(text, encoding="utf-8")
    if void:
        return [f"declared void in {told}: {', '.join(map(survey.codec.name, void))}"]
    if survey.meaning.unclear:
        return [f"wrote the classes that were guessed to {told}: look at them"]
    return [f"wrote the classes to {told}: some are only in masks that were left out"]


def _loses_classes(survey: Survey, path: Path, done: Stored[str]) -> bool:
    """Say whether nobody described the classes, and the masks that were kept tell others than all did."""
    entries = survey.entries
    kept = Again(
        lambda: (entry for entry, what in zip(entries, done, strict=True) if not what.startswith("left out"))
    )
    return (
        not survey.meaning.described
        and meaning_of(path, survey.choices, kept).source != survey.meaning.source
    )


def _void(survey: Survey) -> list[int]:
    """Return the values that look like void and are not declared; none where all ids are shifted."""
    if ids_shifted(survey):
        return []
    masks: Counter[int] = Counter()
    for verdict in verdicts(survey):
        masks.update(verdict.strange if verdict.trouble is Trouble.STRANGE else ())
    return void_values(survey, masks)

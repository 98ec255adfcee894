"""Whatever stands in a file: a check ends, says something of it, and shows no traceback."""

import io

import numpy as np
import pytest
from PIL import Image

from pixelwise.data.pairs import Pair
from pixelwise.inspection.findings import find
from pixelwise.inspection.page import page
from pixelwise.inspection.record import look_at
from pixelwise.inspection.summary import summary
from pixelwise.inspection.survey import survey

FORMATS = ("png", "jpg", "tif", "webp", "bmp", "gif")


def whole(suffix, rng):
    pixels = rng.integers(0, 4, (40, 56)).astype(np.uint8).repeat(2, 0)[:, :, None] * np.uint8(60)
    file = io.BytesIO()
    picture = Image.fromarray(pixels.repeat(3, 2))
    picture.save(
        file, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix), exif=exif() if suffix == "jpg" else b""
    )
    return file.getvalue()


def exif():
    entries = Image.Exif()
    entries[0x0112] = 6
    return entries.tobytes()


def broken(data, rng):
    """Return the bytes with some flipped, cut off, doubled, or put in."""
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 12))):
        data[int(rng.integers(0, len(data)))] = int(rng.integers(0, 256))
    if rng.random() < 0.5:
        del data[int(rng.integers(1, len(data))) :]
    if rng.random() < 0.2:
        place = int(rng.integers(0, len(data)))
        data[place:place] = rng.bytes(int(rng.integers(1, 40)))
    return bytes(data)


@pytest.mark.parametrize("suffix", FORMATS)
def test_broken_pictures_and_masks_end_in_a_record(suffix, tmp_path):
    rng = np.random.default_rng(FORMATS.index(suffix))
    data = whole(suffix, rng)
    image, mask = tmp_path / f"image.{suffix}", tmp_path / f"mask.{suffix}"
    outcomes = set()
    for _ in range(60):
        image.write_bytes(broken(data, rng))
        mask.write_bytes(broken(data, rng))
        record = look_at(Pair("a", image, mask))
        outcomes |= {isinstance(record.picture, str), isinstance(record.mask, str)}
        assert "\n" not in f"{record.picture if isinstance(record.picture, str) else ''}"
    assert True in outcomes or suffix == "bmp"


def test_a_set_of_broken_files_gets_its_page(root):
    rng = np.random.default_rng(8)
    for kind in ("images", "masks"):
        for path in sorted((root / "train" / kind).iterdir())[:12]:
            path.write_bytes(broken(path.read_bytes(), rng))
    found = survey(root)
    findings = find(found)
    assert {"unreadable-picture", "unreadable-mask"} <= {finding.kind for finding in findings}
    assert "blocks training" in page(found, findings, summary(found, findings))


def test_a_set_in_which_nothing_can_be_read_gets_its_page(root):
    (root / "dataset.yaml").unlink()
    for path in [*root.rglob("*.png")]:
        path.write_bytes(b"\x89PNG\r\n\x1a\n")
    found = survey(root)
    findings = find(found)
    kinds = {finding.kind for finding in findings}
    assert {"unreadable-picture", "unreadable-mask", "unclear-classes"} <= kinds
    assert "No pair can be read" in page(found, findings, summary(found, findings))

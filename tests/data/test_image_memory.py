"""Pictures that do not fit into memory are refused before they are decoded."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pixelwise.data.image import decoded_bytes, read_image
from pixelwise.errors import ImageError


def test_a_picture_that_cannot_be_decoded_in_the_free_memory_is_refused(tmp_path, monkeypatch):
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    monkeypatch.setattr("pixelwise.data.image.UNCHECKED_PIXELS", 1)
    monkeypatch.setattr("pixelwise.data.image.decoded_bytes", lambda picture: 10**15)
    with pytest.raises(ImageError, match=r"a\.png: 40 x 20 pixels need about .* GB of memory, .* are free"):
        read_image(tmp_path / "a.png")


MEASURE = """
import sys
from pathlib import Path
from pixelwise.data.image import read_image

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

read_image(sys.argv[1])
before = peak()
read_image(sys.argv[2])
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak of memory there")
@pytest.mark.parametrize(
    ("mode", "suffix", "turn"),
    [
        ("RGB", "png", 1),
        ("RGB", "jpg", 6),
        ("RGB", "webp", 1),
        ("RGBA", "png", 1),
        ("LA", "png", 1),
        ("F", "tif", 1),
    ],
)
def test_reading_takes_no_more_memory_than_is_asked_for(tmp_path, mode, suffix, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    for name, side in (("small", 8), ("large", 1800)):
        picture = Image.new(mode, (side, side))
        if mode in ("I", "F"):
            picture.putpixel((0, 0), -5)  # to be stretched
        picture.save(tmp_path / f"{name}.{suffix}", exif=exif)
    files = [str(tmp_path / f"{name}.{suffix}") for name in ("small", "large")]
    done = subprocess.run([sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=True)
    with Image.open(files[1]) as picture:
        most = decoded_bytes(picture)
    assert int(done.stdout) / 1800**2 <= most + 1


@pytest.mark.parametrize("where", ["PIL.PngImagePlugin.PngImageFile.load", "pixelwise.data.image.to_rgb"])
def test_running_out_of_memory_is_not_called_damage(tmp_path, monkeypatch, where):
    def fill(*_):
        raise MemoryError

    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    monkeypatch.setattr(where, fill)
    with pytest.raises(ImageError, match=r"a\.png: does not fit into the memory"):
        read_image(tmp_path / "a.png")

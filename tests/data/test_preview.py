import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.data.image import read_image
from pixelwise.data.preview import preview, read_preview


def test_photos_are_shown_as_they_are(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    np.testing.assert_array_equal(preview(rgb), rgb)
    np.testing.assert_array_equal(preview(rgb[:, :, :1]), rgb[:, :, :1].repeat(3, 2))
    Image.fromarray(rgb).convert("LA").save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_preview(tmp_path / "a.png"), read_image(tmp_path / "a.png"))


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_other_pictures_are_stretched_band_by_band(channels, tmp_path):
    ramp = np.linspace(1000, 3000, 64 * 64, dtype=np.float32).reshape(64, 64, 1) * np.arange(1, channels + 1)
    shown = preview(ramp)
    assert shown.shape == (64, 64, 3)
    assert (shown.min(), shown.max()) == (0, 255)
    assert abs(int(shown[32, 0, 0]) - 128) < 4
    tifffile.imwrite(
        tmp_path / "a.tif", ramp, photometric="minisblack", planarconfig="contig" if channels > 1 else None
    )
    np.testing.assert_array_equal(read_preview(tmp_path / "a.tif"), shown)


def test_what_was_not_measured_is_black():
    values = np.array([[[np.nan], [1], [2]]], np.float32)
    assert preview(values)[0, :, 0].tolist() == [0, 0, 255]
    assert not preview(np.full((2, 2, 1), np.nan, np.float32)).any()

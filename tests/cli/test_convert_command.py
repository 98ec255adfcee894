import numpy as np
import pytest
from PIL import Image

from pixelwise.cli.app import main
from pixelwise.data.folder import open_data


@pytest.fixture
def camvid(tmp_path):
    """A data set of CamVid's layout with four pairs."""
    root = tmp_path / "camvid"
    for folder in ("raw", "labeled"):
        (root / folder).mkdir(parents=True)
    for number in range(4):
        mask = np.zeros((6, 8, 3), np.uint8)
        mask[:, number:] = (64, 0, 128)
        Image.fromarray(mask).save(root / "labeled" / f"{number}_L.png")
        Image.fromarray(mask).save(root / "raw" / f"{number}.png")
    (root / "label_colors.txt").write_text("0 0 0 Road\n64 0 128 Car\n")
    return root


def test_a_data_set_is_written_as_folders(camvid, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["convert", str(camvid), str(out)]) == 0
    told = capsys.readouterr().out
    assert "note: recognised as camvid" in told
    assert f"pairs of 2 classes to {out}" in told
    assert f"next: pixelwise train {out}" in told
    assert open_data(out).labels.class_names == ("Road", "Car")


def test_what_exists_is_never_overwritten(camvid, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert main(["convert", str(camvid), str(out)]) == 1
    assert "exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    assert main(["convert", str(camvid), str(camvid / "out")]) == 1
    assert "lies within the data set" in capsys.readouterr().err


def test_bad_pictures_are_reported_at_the_end_and_the_rest_is_written(camvid, tmp_path, capsys):
    (camvid / "raw" / "1.png").write_bytes(b"broken")
    (camvid / "raw" / "2.png").unlink()
    Image.new("RGB", (9, 9)).save(camvid / "raw" / "3.png")
    out = tmp_path / "out"
    assert main(["convert", str(camvid), str(out), "--val-fraction", "0"]) == 1
    captured = capsys.readouterr()
    assert "next: pixelwise train" not in captured.out  # there is nothing to validate with
    lines = captured.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("left out: ") for line in lines)
    assert any("is 8 x 6 pixels, but its picture" in line and "nearest neighbour" in line for line in lines)
    assert {path.name for path in (out / "train" / "images").iterdir()} == {"0.png"}


def test_a_format_can_be_named(camvid, tmp_path, capsys):
    assert main(["convert", str(camvid), str(tmp_path / "out"), "--format", "coco"]) == 1
    assert "holds no .json file" in capsys.readouterr().err

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from pixelwise.cli.app import main
from pixelwise.data.folder import open_data


@pytest.fixture
def data(tmp_path):
    for split, name, mask in (
        ("train", "a", [[0, 1, 1, 255]]),
        ("train", "b", [[0, 0, 0, 0]]),
        ("val", "c", [[0, 1, 2, 2]]),
    ):
        for kind in ("images", "masks"):
            folder = tmp_path / "my data" / split / kind
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.array(mask, np.uint8)).save(folder / f"{name}.png")
    return tmp_path / "my data"


def rows(text):
    return [line.split() for line in text.splitlines() if line.strip()[:1].isdigit()]


def test_a_table_and_a_draft_say_what_the_masks_hold(data, capsys):
    assert main(["classes", str(data)]) == 0
    out = capsys.readouterr().out
    assert [row[:2] + row[3:] for row in rows(out)[:3]] == [
        ["0", "class_0", "50.0", "%", "3"],
        ["1", "class_1", "25.0", "%", "2"],
        ["2", "class_2", "16.7", "%", "1"],
    ]
    assert rows(out)[3] == ["255", "ignored", "8.3", "%", "1"]
    assert f"wrote {data / 'dataset.yaml'}" in out
    text = (data / "dataset.yaml").read_text()
    assert "  1: class_1  # 25.0 % of pixels, in 2 pictures" in text
    assert yaml.safe_load(text)["ignore"] == [255]


def test_masks_that_cannot_be_read_are_named_and_end_it_with_code_1(data, capsys):
    broken = data / "train/masks/b.png"
    broken.write_bytes(b"no picture")
    assert main(["classes", str(data)]) == 1
    out, err = capsys.readouterr()
    assert rows(out)[0][3:] == ["25.0", "%", "2"]
    assert [line.split(": ")[:2] for line in err.splitlines()] == [["left out", str(broken)]]
    assert (data / "dataset.yaml").is_file()
    assert main(["classes", str(data)]) == 1  # with the description, too


def test_a_draft_changes_nothing_until_it_is_edited(data):
    before = open_data(data)
    assert main(["classes", str(data)]) == 0
    after = open_data(data)
    assert (after.labels, after.codec) == (before.labels, before.codec)
    (data / "dataset.yaml").write_text((data / "dataset.yaml").read_text().replace("class_1", "cat"))
    assert open_data(data).labels.class_names == ("class_0", "cat", "class_2")


def test_a_description_that_is_there_names_the_classes_and_stays(data, capsys):
    text = "names: {0: ground, 1: cat, 7: dog}\nignore: []"
    (data / "dataset.yaml").write_text(text)
    assert main(["classes", str(data)]) == 0
    out = capsys.readouterr().out
    table = {row[0]: row[1:] for row in rows(out)}
    assert table["1"][0] == "cat"
    assert table["7"][0] == "dog"
    assert table["7"][-2:] == ["-", "-"]
    assert table["2"][:2] == table["255"][:2] == ["not", "described"]
    assert "is there already and stays as it is" in out
    assert (data / "dataset.yaml").read_text() == text


def test_a_draft_can_be_written_elsewhere(data, tmp_path, capsys):
    assert main(["classes", str(data), "--out", str(tmp_path / "draft.yaml")]) == 0
    assert f"copy it to {data / 'dataset.yaml'}" in capsys.readouterr().out
    assert not (data / "dataset.yaml").exists()
    assert "class_2" in (tmp_path / "draft.yaml").read_text()


def test_a_file_that_exists_is_not_replaced(data, tmp_path, capsys):
    (tmp_path / "draft.yaml").write_text("mine")
    assert main(["classes", str(data), "--out", str(tmp_path / "draft.yaml")]) == 1
    assert "draft.yaml: exists; name a new file, or delete it" in capsys.readouterr().err
    assert (tmp_path / "draft.yaml").read_text() == "mine"


def test_a_folder_marked_read_only_is_left_alone_whoever_asks(data, capsys):
    data.chmod(0o555)
    assert main(["classes", str(data)]) == 1
    data.chmod(0o755)
    captured = capsys.readouterr()
    assert "cannot be written (the folder is marked read-only); use --out FILE" in captured.err
    assert "class_2" in captured.out
    assert not (data / "dataset.yaml").exists()


def test_a_folder_that_cannot_be_written_to_is_an_error_that_names_the_option(data, capsys, monkeypatch):
    open_ = Path.open

    def refuse(path, mode="r", **how):
        if set(mode) & set("wx") and path.parent == data:
            raise OSError(30, "Read-only file system")
        return open_(path, mode, **how)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["classes", str(data)]) == 1
    assert (
        "dataset.yaml: cannot be written (Read-only file system); use --out FILE" in capsys.readouterr().err
    )


def test_an_out_file_in_no_folder_is_an_error(data, tmp_path, capsys):
    assert main(["classes", str(data), "--out", str(tmp_path / "none" / "draft.yaml")]) == 1
    assert "its folder does not exist" in capsys.readouterr().err


def test_colour_masks_are_listed_by_colour(data, capsys):
    for path in data.rglob("masks/*.png"):
        Image.new("RGB", (4, 1), (255, 0, 0)).save(path)
    assert main(["classes", str(data)]) == 0
    assert "#ff0000" in capsys.readouterr().out
    assert open_data(data).codec.ids == {0xFF0000: 0}


def test_what_is_no_data_set_is_one_line_and_code_1(tmp_path, capsys):
    assert main(["classes", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"pixelwise: error: {tmp_path}: no data set found; looked for")
    assert error.count("\n") == 1

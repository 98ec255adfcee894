"""A picture that is missing is never replaced by another one's; a path that is not kept is no hindrance."""

from pathlib import Path

import published
import pytest
from named_pictures import BUILDERS, label_studio, labelme

from pixelwise.data.folder import open_data

NAMES = ("cam1/1.png", "cam2/1.png", "cam3/2.png")


@pytest.mark.parametrize("name", BUILDERS)
def test_a_missing_picture_is_not_replaced_by_one_that_another_name_may_mean(name, tmp_path):
    BUILDERS[name](tmp_path, NAMES)
    for file in ("cam1/1.png", "1.png", "2.png"):
        published.save_picture(tmp_path / file)
    data = open_data(tmp_path)
    found = {pair.image.relative_to(tmp_path).as_posix() for pairs in data.splits.values() for pair in pairs}
    assert found == {"cam1/1.png", "2.png"}
    (fault,) = {line for lines in data.faults.values() for line in lines}
    assert "names the picture cam2/1.png, which is missing" in fault


def test_two_uploads_of_one_name_do_not_share_a_picture(tmp_path):
    label_studio(tmp_path, ("upload/1a2b3c4d-1.png", "upload/5e6f7a8b-1.png", "upload/5e6f7a8b-2.png"))
    for file in ("1.png", "2.png"):
        published.save_picture(tmp_path / file)
    data = open_data(tmp_path)
    assert [pair.name for pairs in data.splits.values() for pair in pairs] == ["2"]
    assert {len(lines) for lines in data.faults.values()} == {2}


def test_a_missing_picture_of_label_studio_is_found_where_the_message_asks_for_it(tmp_path):
    label_studio(tmp_path, ("upload/1a2b3c4d-1.png", "cam1/2.png", "cam2/2.png", "here.png"))
    published.save_picture(tmp_path / "here.png")
    elsewhere = published.save_picture(tmp_path / "images" / "batch" / "1.png")
    faults = open_data(tmp_path).faults["train"]
    places = [line.split("such as ")[1] for line in faults]
    assert places == [str(tmp_path / "images" / name) for name in ("1.png", "cam1/2.png", "cam2/2.png")]
    for place in places:
        published.save_picture(Path(place))
    elsewhere.unlink()
    data = open_data(tmp_path)
    assert not any(data.faults.values())
    assert sum(map(len, data.splits.values())) == 4


def test_a_picture_above_a_file_of_labelme_is_not_taken_if_another_file_names_it(tmp_path):
    for place in (tmp_path, tmp_path / "cam1", tmp_path / "cam2"):
        labelme(place, ("1.png",))
        published.save_picture(place / "1.png")
    (tmp_path / "cam2" / "1.png").unlink()
    data = open_data(tmp_path)
    found = {pair.name: pair.image for pairs in data.splits.values() for pair in pairs}
    assert found == {"0": tmp_path / "1.png", "cam1/0": tmp_path / "cam1" / "1.png"}
    (fault,) = {line for lines in data.faults.values() for line in lines}
    assert fault.startswith(
        f"{tmp_path / 'cam2' / '0.json'}: names the picture 1.png; {tmp_path / '1.png'} has"
    )


@pytest.mark.parametrize(
    ("own", "kept"), [(["1"], ["1"]), (["0"], ["0"]), (["1", "1 (1)"], ["1"]), (["a", "b"], [])]
)
def test_of_two_files_of_labelme_for_one_picture_that_of_its_name_counts(own, kept, tmp_path):
    for name in ("1", "2"):
        published.save_picture(tmp_path / f"{name}.png")
    labelme(tmp_path, ("1.png",))
    content = (tmp_path / "0.json").read_text()
    (tmp_path / "0.json").unlink()
    for name in own:
        published.write_text(tmp_path / f"{name}.json", content)
    published.write_text(tmp_path / "2.json", content.replace("1.png", "2.png"))
    data = open_data(tmp_path)
    assert sorted(pair.name for pairs in data.splits.values() for pair in pairs) == [*kept, "2"]
    faults = {line for lines in data.faults.values() for line in lines}
    assert {line.partition(":")[0] for line in faults} == {
        str(tmp_path / f"{name}.json") for name in own if name not in kept
    }
    assert all("has that name, but another file names it, too" in line for line in faults)

"""A picture that is missing is never replaced by another one's; a path that is not kept is no hindrance."""

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

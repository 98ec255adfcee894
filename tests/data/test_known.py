import pytest

from pixelwise.data.known import CAMVID, recognize

NAMES = ["0001TP_006690", "0006R0_f00930", "0016E5_00390", "Seq05VD_f00000"]


def test_camvid_has_its_official_classes_and_colours():
    labels = CAMVID.description.labels()
    assert labels.class_names == (
        *("sky", "building", "pole", "road", "pavement", "tree"),
        *("sign", "fence", "car", "pedestrian", "bicyclist"),
    )
    assert labels.palette[0] == (128, 128, 128)
    assert labels.palette[4] == (60, 40, 222)
    assert labels.palette[10] == (0, 128, 192)
    assert labels.ignore_color == (0, 0, 0)


def test_void_of_camvid_is_ignored():
    assert CAMVID.description.codec(by_color=False).ids == {**{i: i for i in range(11)}, 11: 255}


@pytest.mark.parametrize("names", [NAMES, ["a/0016E5_00390"], NAMES[:1]])
def test_camvid_is_recognised_by_names_and_values(names):
    assert recognize(names, [set(range(12))]) is CAMVID


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ([*NAMES, "holiday"], {0, 1}),
        (["0001TP_", "0001TP_006690x"], {0, 1}),
        (NAMES, {0, 12}),
        (NAMES, {0, 255}),
    ],
)
def test_other_names_or_values_are_not_camvid(names, values):
    assert recognize(names, [values]) is None


def test_a_few_files_that_differ_make_no_other_data_set_of_it():
    names = [f"0016E5_{number}" for number in range(19)]
    masks = [set(range(12))] * 19
    assert recognize([*names, "holiday"], [*masks, {0, 77}]) is CAMVID
    assert recognize([*names[:8], "holiday"], masks[:9]) is None
    assert recognize(names, [*masks[:8], {0, 77}]) is None

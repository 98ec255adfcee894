"""Every list in ImageSets/Segmentation counts, whatever it is called, and so does every name in it."""

import published
import pytest
from palette_pictures import palette_picture
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.data.palettes import palette_in_head
from pixelwise.errors import DataError
from pixelwise.inspection.survey import survey


@pytest.fixture
def voc(tmp_path):
    """Return a function that writes pictures with masks, pictures without, and lists."""

    def write(lists, masks="abcdef", pictures=""):
        for name in (*masks, *pictures):
            published.save_picture(tmp_path / "JPEGImages" / f"{name}.jpg")
        for name in masks:
            mask = published.area(published.blank(), 0, 0, 5, 5, 7)
            published.save_ids(tmp_path / "SegmentationClass" / f"{name}.png", mask)
        for stem, names in lists.items():
            published.write_text(tmp_path / "ImageSets" / "Segmentation" / f"{stem}.txt", "\n".join(names))
        return open_data(tmp_path)

    return write


def named(data):
    return {split: "".join(pair.name for pair in pairs) for split, pairs in data.splits.items()}


def test_lists_that_tell_no_split_add_up(voc):
    data = voc({"job1": "abc", "job2": "cdef"})
    assert sorted("".join(named(data).values())) == [*"abcdef"]
    assert set(named(data)) == {"train", "val"}


def test_beside_val_alone_the_other_lists_are_train_without_its_names(voc):
    data = voc({"default": "abcdef", "val": "ef"})
    assert named(data) == {"train": "abcd", "val": "ef"}
    assert "what default.txt alone names, 4 pictures, is train" in data.notes


def test_beside_train_what_another_list_alone_names_is_left_out_and_told(voc):
    data = voc({"train": "abc", "val": "d", "trainval": "abcd", "more": "def"})
    assert named(data) == {"train": "abc", "val": "d"}
    assert "what more.txt alone names, 2 pictures, is in no split and left out" in data.notes


def test_trainval_is_train_and_val_where_the_masks_of_test_are_not_public(voc):
    data = voc({"trainval": "abcdef", "test": "xyz"}, pictures="xyz")
    assert sorted("".join(named(data).values())) == [*"abcdef"]
    assert set(named(data)) == {"train", "val"}


def test_what_a_list_of_no_split_lacks_is_a_fault(voc, tmp_path):
    faults = voc({"default": "abcdefgh"}, pictures="h").faults
    lists = tmp_path / "ImageSets" / "Segmentation" / "default.txt"
    assert [line.split(" is missing")[0] for line in faults["train"]] == [
        f"{lists}: names '{name}', but {tmp_path / where}"
        for name, where in (
            ("g", "SegmentationClass/g.png"),
            ("g", "JPEGImages/g.jpg"),
            ("h", "SegmentationClass/h.png"),
        )
    ]


def test_an_empty_list_that_is_not_needed_does_no_harm(voc):
    assert named(voc({"train": "abc", "val": "d", "test": "", "trainval": ""})) == {
        "train": "abc",
        "val": "d",
    }


def test_an_empty_list_is_told(voc):
    with pytest.raises(DataError, match=r"val\.txt: is empty, expected names of pictures: fill it"):
        voc({"train": "abc", "val": ""})


@pytest.mark.parametrize("quote", ["", '"'])
def test_names_may_hold_blanks_in_quotes_or_without(voc, quote):
    masks = ("my pic 0", "my pic 1", "é")
    data = voc(
        {"train": [f"{quote}{name}{quote}" for name in (masks[0], "e\u0301")], "val": masks[1:2]}, masks
    )
    assert [pair.name for pair in data.split("train")] == ["my pic 0", "é"]
    assert not any(data.faults.values())


def test_a_number_behind_a_name_is_passed_over(voc):
    assert named(voc({"train": ["a  1", "b -1"], "val": ["c  0"]})) == {"train": "ab", "val": "c"}


@pytest.mark.parametrize("suffix", [".JPG", ".PNG"])
def test_suffixes_of_pictures_may_be_written_large(voc, suffix, tmp_path):
    voc({"train": "abcde", "val": "f"})
    for path in (tmp_path / "JPEGImages").iterdir():
        path.rename(path.with_suffix(suffix))
    data = open_data(tmp_path)
    assert named(data) == {"train": "abcde", "val": "f"}
    assert not any(data.faults.values())


@pytest.mark.parametrize("file", ["class_names.txt", "labels.txt"])
def test_a_file_of_class_names_as_labelme2voc_writes_it_names_the_values(voc, file, tmp_path):
    lines = ["__ignore__"] * (file == "labels.txt") + ["_background_", "road", "river"]
    published.write_text(tmp_path / file, "\n".join(lines))
    data = voc({})
    assert data.labels.class_names == ("background", "road", "river")
    assert data.codec.ids == {0: 0, 1: 1, 2: 2, 255: 255}
    assert f"the classes are those of {file}; value 255 (the outlines) is void and ignored" in data.notes


def test_class_names_without_a_background_stand_behind_it(voc, tmp_path):
    published.write_text(tmp_path / "labels.txt", "road\nriver\n")
    data = voc({})
    assert data.labels.class_names == ("background", "road", "river")
    assert any("those of labels.txt, behind background, which is 0" in note for note in data.notes)


def test_class_names_that_are_assumed_are_told(voc):
    assert any(note.startswith("the classes are those of PASCAL VOC") for note in voc({}).notes)


@pytest.mark.parametrize("names", ["", "a\nb\na"])
def test_a_file_of_class_names_that_names_none_or_one_twice_is_told(voc, names, tmp_path):
    published.write_text(tmp_path / "class_names.txt", names)
    with pytest.raises(
        DataError, match=r"class_names\.txt: names \d classes in \d lines, expected up to 255"
    ):
        voc({})


def test_names_stand_in_lists_as_tools_write_them(voc):
    train = ["/JPEGImages/a.jpg /SegmentationClass/a.png", '"b"', "c  1", "d -1", "JPEGImages/e.jpg"]
    assert named(voc({"train": train, "val": ["f.png"]})) == {"train": "abcde", "val": "f"}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("/JPEGImages/x.jpg /SegmentationClass/x.png", "x"),
        ("my picture", "my picture"),
        ("my picture 1", "my picture"),
        ("x.jpg", "x"),
    ],
)
def test_what_is_missing_is_told_by_its_whole_name(voc, tmp_path, line, name):
    faults = voc({"train": ["a", line], "val": "b"}).faults["train"]
    list_of = tmp_path / "ImageSets" / "Segmentation" / "train.txt"
    mask = tmp_path / "SegmentationClass" / f"{name}.png"
    assert faults[0] == f"{list_of}: names '{name}', but {mask} is missing: add it, or take it off the list"


def numbered(tmp_path, name, mask, colors):
    palette_picture(mask, colors).save(tmp_path / "SegmentationClass" / f"{name}.png")


BLACK, CAR, CAT, VOID = (0, 0, 0), (128, 128, 128), (64, 0, 0), (224, 224, 192)


def test_masks_that_a_tool_numbered_anew_are_read_by_vocs_colours(voc, tmp_path):
    voc({"train": "ab", "val": "cd"})
    numbered(tmp_path, "a", [[0, 1, 2, 3]], [BLACK, CAT, CAR, VOID])
    numbered(tmp_path, "b", [[0, 1, 1, 0]], [CAR, BLACK])
    numbered(tmp_path, "c", [[0, 8, 7, 255]], [BLACK] * 256)  # which tells nothing but ids
    numbered(tmp_path, "d", [[7, 7, 7, 7]], [BLACK] * 256)
    data = open_data(tmp_path)
    files = [tmp_path / "SegmentationClass" / f"{name}.png" for name in "abcd"]
    masks = [read_mask(file, data.codec).tolist() for file in files]
    assert masks == [[[0, 8, 7, 255]], [[7, 0, 0, 7]], [[0, 8, 7, 255]], [[7, 7, 7, 7]]]
    facts = {
        entry.pair.name: survey(tmp_path).by_class(facts.record) for entry, facts in survey(tmp_path).masks()
    }
    assert facts["a"] == {0: 1, 8: 1, 7: 1, 255: 1}


def test_beside_a_list_of_other_classes_palettes_are_for_show(voc, tmp_path):
    voc({"train": "ab", "val": "cd"})
    published.write_text(tmp_path / "class_names.txt", "_background_\nsky\ntree")
    for name in "abcd":
        numbered(tmp_path, name, [[0, 1, 2, 0]], [BLACK, (0, 128, 0), (128, 0, 0)])  # VOC's 2 and 1
    codec = open_data(tmp_path).codec
    assert read_mask(tmp_path / "SegmentationClass" / "a.png", codec).tolist() == [[0, 1, 2, 0]]


def test_a_mask_numbered_anew_with_a_colour_of_no_class_is_refused(voc, tmp_path):
    voc({"train": "ab", "val": "cd"})
    numbered(tmp_path, "a", [[0, 1, 2, 3]], [BLACK, CAT, CAR, (1, 2, 3)])
    with pytest.raises(
        DataError, match=r"a\.png: its palette holds the colours of the .* and #010203, which is"
    ):
        check_data(open_data(tmp_path))


@pytest.mark.parametrize("shown_by_voc", [False, True])
def test_colours_of_classes_that_a_file_names_are_sure_where_a_mask_has_vocs_palette(
    voc, tmp_path, shown_by_voc
):
    published.write_text(tmp_path / "class_names.txt", "_background_\none\ntwo\n")
    first, second = (128, 0, 0), (0, 128, 0)
    voc({"train": "ab", "val": "cd"}, masks="abcd")
    for name in "abc":
        numbered(tmp_path, name, [[0, 1, 1, 0]], [BLACK, second, first])
    numbered(
        tmp_path, "d", [[0, 1, 2, 0]], [BLACK, first, second] if shown_by_voc else [BLACK, second, first]
    )
    codec = open_data(tmp_path).codec
    read = read_mask(tmp_path / "SegmentationClass" / "a.png", codec).tolist()
    assert read == ([[0, 2, 2, 0]] if shown_by_voc else [[0, 1, 1, 0]])
    assert survey(tmp_path).codec == codec


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif"])
def test_the_palette_in_the_head_of_a_file_is_that_of_its_pixels(suffix, tmp_path):
    path = tmp_path / f"mask{suffix}"
    palette_picture([[*range(16)]] * 16, [(id_, 255 - id_, 7) for id_ in range(16)]).save(path)
    with Image.open(path) as saved:
        assert palette_in_head(path) == bytes(saved.getpalette("RGB"))

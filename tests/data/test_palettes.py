"""How palettes of masks are read: as ids, as colours, or refused."""

import numpy as np
import pytest
from palette_pictures import palette_picture
from PIL import Image

from pixelwise.data.check import check_data
from pixelwise.data.folder import open_data
from pixelwise.data.masks import read_mask
from pixelwise.errors import DataError
from pixelwise.inspection.survey import survey
from pixelwise.labels import default_palette


def test_a_palette_gives_its_colours_to_the_classes_and_to_what_is_ignored(put_pair, tmp_path):
    colors = [(1, 1, 1), (200, 0, 0), (0, 200, 0)] + [(224, 224, 192)] * 253
    put_pair("train", "a", palette_picture([[0, 1, 255]], colors))
    put_pair("train", "b", palette_picture([[0, 2, 2]], colors))
    labels = open_data(tmp_path).labels
    assert labels.palette == ((1, 1, 1), (200, 0, 0), (0, 200, 0))
    assert labels.ignore_color == (224, 224, 192)


def test_a_grey_palette_is_no_palette(put_pair, tmp_path):
    put_pair("train", "a", palette_picture([[0, 1]], [(i, i, i) for i in range(256)]))
    assert open_data(tmp_path).labels.palette == default_palette(2)


def test_palettes_that_disagree_are_read_by_colour(put_pair, tmp_path):
    red, blue, black = (255, 0, 0), (0, 0, 255), (0, 0, 0)
    first = put_pair("train", "a", palette_picture([[0, 1]], [black, red]))
    put_pair("train", "b", palette_picture([[0, 1]], [blue, black]))
    data = open_data(tmp_path)
    assert data.labels.class_names == ("#000000", "#0000ff", "#ff0000")
    assert read_mask(first, data.codec).tolist() == [[0, 2]]
    second = tmp_path / "train/masks/b.png"
    assert data.notes[-1] == (
        f"the palettes of the masks disagree: id 0 is #0000ff in {second} and #000000 in {first}; if ids are "
        "meant, name them in dataset.yaml: a line 'names:' and below it a line 'ID: NAME' for each"
    )


def test_a_colour_that_nobody_described_does_not_hide_that_the_others_are_renumbered(put_pair, tmp_path):
    colors = [BLACK, RED, BLUE]
    (tmp_path / "dataset.yaml").write_text(
        f"names: [a, b, c]\ncolors: {dict(enumerate(map(list, colors)))}\nignore: [3]\n"
    )
    put_pair("train", "a", palette_picture([[0, 1, 2, 3]], [*colors, GREY]))
    put_pair("train", "b", palette_picture([[0, 1, 2, 3]], [GREY, BLACK, RED, BLUE]))
    data = open_data(tmp_path)
    assert data.codec.by_color
    assert any("; the colours are taken, as dataset.yaml describes them" in note for note in data.notes)


RED, BLUE, BLACK, GREY = (255, 0, 0), (0, 0, 255), (0, 0, 0), (64, 64, 64)


@pytest.mark.parametrize(
    ("first", "second", "colors", "by_color"),
    [
        ([BLACK, RED], [GREY, BLUE], "", False),
        ([BLACK, RED], [GREY, BLUE], "colors: {0: [0, 0, 0], 1: [255, 0, 0]}", False),  # one is of a tool
        ([BLACK, RED], [RED, GREY], "colors: {0: [0, 0, 0], 1: [255, 0, 0]}", False),
        ([BLACK, RED], [RED, BLACK], "colors: {0: [0, 0, 0], 1: [255, 0, 0]}", True),
        ([BLACK, RED], [BLUE, RED], "colors: {0: [0, 0, 0], 1: [255, 0, 0]}\nignore: ['#0000ff']", True),
    ],
)
def test_described_ids_win_over_palettes_that_disagree_unless_these_hold_the_described_colours(
    put_pair, tmp_path, first, second, colors, by_color
):
    (tmp_path / "dataset.yaml").write_text(f"names: {{0: a, 1: b}}\n{colors}\n")
    for split in ("train", "val"):
        put_pair(split, "a", palette_picture([[0, 1]], first))
        last = put_pair(split, "b", palette_picture([[0, 1]], second))
    data = open_data(tmp_path)
    check_data(data)
    assert data.codec.by_color == by_color
    assert (
        f"; the {'colours' if by_color else 'ids'} are taken, as dataset.yaml describes them" in data.notes[0]
    )
    assert survey(tmp_path).meaning.notes == data.notes
    read = read_mask(last, data.codec).tolist()
    assert read == ([[1, 0]] if second == [RED, BLACK] else [[255, 1]] if by_color else [[0, 1]])


def test_greys_that_a_gif_has_numbered_anew_are_refused(put, tmp_path):
    (tmp_path / "dataset.yaml").write_text("names: [a, b, c, d]\nignore: [255]\n")
    masks = []
    for name, values in (("a", [[0, 1, 2, 3, 255]]), ("b", [[0, 1, 3, 3, 255]])):
        put(f"train/images/{name}.png", np.zeros((1, 5, 3), np.uint8))
        masks.append(put(f"train/masks/{name}.gif", np.array(values, np.uint8)))
    with pytest.raises(DataError, match=r"id 2 is #\w+ in .*gif and #\w+ in .*gif, .* as grey PNG"):
        open_data(tmp_path)
    for path in masks:
        with Image.open(path) as picture:
            picture.convert("L").save(path.with_suffix(".png"))
        path.unlink()
    mended = read_mask(masks[1].with_suffix(".png"), open_data(tmp_path).codec)
    assert mended.tolist() == [[0, 1, 3, 3, 255]]


def test_masks_of_two_classes_that_some_tool_shows_in_black_and_white_are_ids(put_pair, tmp_path):
    (tmp_path / "dataset.yaml").write_text("names: [a, b]\nignore: [255]\n")
    put_pair("train", "a", palette_picture([[0, 1]], [(0, 0, 0), (255, 255, 255)]))
    put_pair("train", "b", palette_picture([[0, 1]], [(0, 0, 0), (128, 0, 0)]))
    assert open_data(tmp_path).codec.ids == {0: 0, 1: 1, 255: 255}


def test_one_renumbered_palette_among_many_is_seen_by_training_as_by_check(put_pair, tmp_path):
    (tmp_path / "dataset.yaml").write_text("names: [a, b]\ncolors: {0: [0, 0, 0], 1: [255, 0, 0]}\n")
    for number in range(40):
        put_pair("train", f"{number:02}", palette_picture([[0, 1]], [BLACK, RED]))
    renumbered = put_pair("train", "13", palette_picture([[1, 0]], [RED, BLACK]))
    data = open_data(tmp_path)
    assert read_mask(renumbered, data.codec).tolist() == [[0, 1]]
    assert survey(tmp_path).codec == data.codec


def test_ids_with_a_palette_of_its_own_in_each_mask_are_told_as_such(put_pair, tmp_path):
    for number in range(9):
        palette = [(number, 10 * value, 255) for value in range(8)]
        put_pair("train", f"{number}", palette_picture([list(range(8))], palette))
    with pytest.raises(DataError, match=r"palettes of the masks disagree: .*, 72 colours .*if ids are meant"):
        open_data(tmp_path)


def test_palettes_that_agree_are_no_more_than_the_ids_look(put_pair, tmp_path):
    (tmp_path / "dataset.yaml").write_text("names: [a, b]\ncolors: {0: [0, 0, 0], 1: [255, 0, 0]}\n")
    put_pair("train", "a", palette_picture([[0, 1]], [RED, BLACK]))
    data = open_data(tmp_path)
    assert not data.codec.by_color
    assert not any("palettes" in note for note in data.notes)

import pytest

from pixelwise.data.description import Description, draft, read_description
from pixelwise.errors import DataError
from pixelwise.labels import default_palette


@pytest.fixture
def read(tmp_path):
    def from_text(text):
        path = tmp_path / "dataset.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_description(path)

    return from_text


def test_names_colours_and_ignored_values_are_read(read):
    description = read(
        "names:\n  0: background\n  1: cat\ncolors:\n  0: [0, 0, 0]\n  1: '#dc143c'\nignore: [255, 9]\n"
    )
    assert description == Description(
        {0: "background", 1: "cat"}, {0: (0, 0, 0), 1: (220, 20, 60)}, ignore=(255, 9)
    )


def test_a_list_of_names_counts_from_0(read):
    assert read("names: [road, car, 3]").names == {0: "road", 1: "car", 2: "3"}


@pytest.mark.parametrize(
    ("text", "ignore"),
    [
        ("names: {0: a}", (255,)),
        ("names: {0: a, 255: b}", ()),
        ("names: {0: a}\nignore: []", ()),
        ("names: {0: a}\nignore:", ()),
        ("names: {0: a}\nignore: 7", (7,)),
        ("names: {0: a}\nignore: [7, 7, 8]", (7, 8)),
        ("names: {0: a}\nignore: -1", (-1,)),
        ("names: {0: a}\nignore: -2147483648", (-(2**31),)),
    ],
)
def test_255_is_ignored_unless_it_is_a_class_or_ignore_is_given(read, text, ignore):
    assert read(text).ignore == ignore


def test_values_far_apart_become_ids_in_their_order(read):
    description = read("names: {255: object, 0: background, 40: edge}")
    assert description.labels().class_names == ("background", "edge", "object")
    assert description.codec(by_color=False).ids == {0: 0, 40: 1, 255: 2}


def test_colours_that_are_not_given_are_made_up(read):
    palette = read("names: [a, b, c]\ncolors: {1: [1, 2, 3]}").labels().palette
    assert palette == (default_palette(3)[0], (1, 2, 3), default_palette(3)[2])


def test_colour_masks_are_read_by_the_colours_of_the_classes(read):
    description = read(
        "names: [a, b]\ncolors: {0: [0, 0, 0], 1: [0, 0, 255], 7: [1, 1, 1]}\nignore: [7, 255, '#ffffff']"
    )
    codec = description.codec(by_color=True)
    assert codec.by_color
    assert codec.ids == {0: 0, 0x0000FF: 1, 0x010101: 255, 0xFFFFFF: 255}


def test_the_ignored_colour_is_never_that_of_a_class():
    black = Description({0: "a"}, {0: (0, 0, 0)})
    assert black.labels().ignore_color != (0, 0, 0)
    assert Description({0: "a"}, {0: (1, 1, 1)}, ignore_colors=((9, 9, 9),)).labels().ignore_color == (
        9,
        9,
        9,
    )


def test_colour_masks_need_a_colour_for_each_class(read):
    with pytest.raises(DataError, match=r"no colour is given for b, c: add it under colors"):
        read("names: [a, b, c]\ncolors: {0: [0, 0, 0]}").codec(by_color=True)


@pytest.mark.parametrize("more", ["names: [a, b]", "names: [a]\nignore: ['#010203']"])
def test_one_colour_cannot_mean_two_things_in_colour_masks(read, more):
    text = more + "\ncolors: {0: [1, 2, 3]" + (", 1: [1, 2, 3]}" if "b" in more else "}")
    with pytest.raises(DataError, match="the colour #010203 stands for"):
        read(text).codec(by_color=True)


BROKEN = [
    ("", "lacks names"),
    ("just a text", "lacks names"),
    ("[1, 2]", "lacks names"),
    ("nc: 3", "lacks names"),
    ("names: {}", "names is {}"),
    ("names: 5", "names is 5"),
    ("names: {a: 0}", "names: found 'a', expected a value of the masks"),
    ("names: {-1: a}", "names: found -1"),
    ("names: {70000: a}", "names: found 70000"),
    ("names: {true: a}", "names: found True"),
    ("names: {0: no}", "0 has the name False, expected a word (in quotes if need be)"),
    ("names: {0: }", "0 has the name None"),
    ("names: {0: [a]}", "0 has the name ['a']"),
    ("names: {0: '  '}", "0 has the name '  '"),
    ("names: [a, a]", "class names must differ, found twice: a"),
    ("names: {0: a, 0: b}", "0 stands there twice"),
    ("names: [a]\nnames: [b]", "'names' stands there twice"),
    ("names: [a]\ncolours: {0: [0, 0, 0]}", "unknown key colours, expected names, colors, ignore"),
    ("names: [a]\ncolors: [1]", "colors is [1], expected a line"),
    ("names: [a]\ncolors: {0: red}", "found the colour 'red', expected [r, g, b]"),
    ("names: [a]\ncolors: {0: [0, 0, 256]}", "found the colour [0, 0, 256]"),
    ("names: [a]\ncolors: {3: [0, 0, 0]}", "colors names value 3, which is neither under names nor ignore"),
    ("names: [a]\nignore: [0]", "value 0 stands under names and under ignore"),
    ("names: [a]\nignore: [1.5]", "ignore: found 1.5"),
    ("names: {-1: a}", "names: found -1, expected a value of the masks, 0 to 65535"),
    ("names: [a]\nignore: ['red']", "found the colour 'red'"),
    ("names: [a\n", "is not valid YAML"),
    ("names: !!python/object/apply:os.getcwd []", "is not valid YAML"),
    ("{" * 5000, "is not valid YAML"),
    (b"names: [\xff\xfe]", "is not UTF-8 text"),
    ("#" * 1_000_001, "is larger than a description"),
    ("names: " + str([f"c{i}" for i in range(256)]), "found 256 classes, expected 1 to 255"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=[str(words)[:40] for _, words in BROKEN])
def test_a_broken_description_is_named_with_what_was_expected(read, tmp_path, text, words):
    with pytest.raises(DataError) as error:
        read(text)
    assert str(error.value).startswith(f"{tmp_path / 'dataset.yaml'}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_half_a_character_in_a_name_is_an_error():
    with pytest.raises(DataError, match=r"the class name 'a\\ud800' is no text"):
        Description({0: "a\ud800"})


def test_a_folder_of_that_name_is_an_error(tmp_path):
    (tmp_path / "dataset.yaml").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        read_description(tmp_path / "dataset.yaml")


ODD_NAMES = {
    0: "no",
    1: "a: b",
    2: "# c",
    3: "grün",
    4: "5",
    5: "'quoted'",
    6: "- x",
    7: "null",
    8: "two words",
}


@pytest.mark.parametrize("comments", [{}, {0: "50.0 % of pixels, in 3 pictures", 255: "1 %", 77: "2 %"}])
@pytest.mark.parametrize(
    "description",
    [
        Description({0: "a"}),
        Description({0: "background", 255: "object"}),
        Description(ODD_NAMES, {3: (1, 2, 3), 255: (9, 9, 9)}, ignore=(255, 254)),
    ],
)
def test_a_draft_reads_back_as_the_same_classes(read, description, comments):
    again = read(draft(description, comments, by_color=False))
    assert again.names == description.names
    assert again.ignore == description.ignore
    assert again.labels() == description.labels()


def test_a_draft_of_colour_masks_reads_back_as_the_same_codec(read):
    description = Description(
        {0: "#000000", 1: "#ff0000"}, {0: (0, 0, 0), 1: (255, 0, 0)}, ignore_colors=((1, 2, 3),)
    )
    text = draft(description, {0xFF0000: "9 % of pixels", 0xABCDEF: "1 %"}, by_color=True)
    again = read(text)
    assert again.codec(by_color=True) == description.codec(by_color=True)
    assert "# 9 % of pixels" in text.splitlines()[4]
    assert "# #abcdef, which is not described: 1 %" in text


def test_a_draft_says_beside_each_class_what_was_counted():
    text = draft(
        Description({0: "a", 10: "long name"}, ignore=(255,)), {0: "7 %", 10: "93 %", 255: "x"}, False
    )
    assert "  0: a           # 7 %" in text
    assert "  10: long name  # 93 %" in text
    assert "# 255: x" in text


@pytest.mark.parametrize("line", ["names: *a20", "merge: *a20", "names: {0: *a20}"])
def test_aliases_that_multiply_without_end_are_refused_at_once(line, tmp_path):
    bomb = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 6)}]" for n in range(1, 21))]
    path = tmp_path / "dataset.yaml"
    path.write_text("\n".join([*bomb, line]))
    with pytest.raises(DataError, match="aliases"):
        read_description(path)
    path.write_text("names: &a {0: *a}\n")
    with pytest.raises(DataError, match="aliases"):
        read_description(path)

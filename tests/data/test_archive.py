import zipfile

import pytest

from pixelwise.data.archive import unpack
from pixelwise.data.folder import open_data
from pixelwise.errors import DataError


def pack(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/evil.txt", "C:/evil.txt", "..\\evil.txt"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"data\.zip: the name .* leads out of the folder"):
        unpack(pack(tmp_path / "data.zip", [(name, b"x")]))
    assert [path.name for path in tmp_path.iterdir()] == ["data.zip"]


def test_a_name_of_no_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data\.zip: the name '\./\.' in it is no file's"):
        unpack(pack(tmp_path / "data.zip", [("a.txt", b"x"), ("./.", b"x")]))


def test_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(DataError, match="'link' in it is a link"):
        unpack(pack(tmp_path / "data.zip", [(link, b"/etc/passwd")]))


def test_a_bomb_is_refused_before_anything_is_written(tmp_path):
    path = pack(tmp_path / "data.zip", [("a.png", b"\0" * 80_000_000)])
    with pytest.raises(DataError, match="become 80,000,000"):
        unpack(path)


def test_a_file_that_is_no_zip_is_an_error(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(b"PK\3\4nonsense")
    with pytest.raises(DataError, match=r"data\.zip: cannot be unpacked"):
        open_data(path)


def test_a_picture_of_a_billion_pixels_in_a_zip_is_a_finding(tmp_path):
    import struct
    import zlib

    from pixelwise.data.check import check_data

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    entries = [("SegmentationClass/a.png", bomb), ("JPEGImages/a.png", bomb)]
    entries += [("ImageSets/Segmentation/train.txt", "a\n"), ("labelmap.txt", "road:1,2,3::\n")]
    with pytest.raises(DataError, match="is 40000 x 40000 pixels"):
        check_data(open_data(pack(tmp_path / "data.zip", entries)), ["train"])


def test_a_zip_of_one_folder_is_that_folder(tmp_path):
    folder = unpack(pack(tmp_path / "data.zip", [("set/a.txt", "1"), ("set/b.txt", "1"), ("__MACOSX/x", "")]))
    assert folder.name == "set"


def test_messages_on_files_of_a_zip_name_the_zip(tmp_path):
    path = pack(tmp_path / "data.zip", [("images/a.png", b"x"), ("masks/b.png", b"x")])
    with pytest.raises(DataError, match=r"/data\.zip: no picture has a mask"):
        open_data(path)


def test_a_zip_is_unpacked_once_as_long_as_it_does_not_change(tmp_path):
    path = pack(tmp_path / "data.zip", [("a.txt", "1")])
    folder = unpack(path)
    assert unpack(path) == folder
    pack(path, [("a.txt", "22")])
    assert (unpack(path) / "a.txt").read_text() == "22"

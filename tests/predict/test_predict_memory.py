from collections import Counter

import numpy as np
import pytest
from PIL import Image

from pixelwise import room
from pixelwise.predict.folder import predict_folder
from pixelwise.predict.outputs import Layout

EVERYTHING = {"overlay": True, "classes": True, "probs": True, "areas": True}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_a_few_pictures_are_in_memory_at_a_time(predictor, stripes, tmp_path, monkeypatch):
    for i in range(30):
        Image.fromarray(stripes).save(tmp_path / f"{i:02}.png")
    counts = Counter()

    def count(event, function):
        def counted(*args, **kwargs):
            counts[event] += 1
            assert counts["read"] - counts["written"] <= 6  # as docs/performance.md says
            return function(*args, **kwargs)

        return counted

    monkeypatch.setattr(
        "pixelwise.data.form.read_image", count("read", lambda path: np.array(Image.open(path)))
    )
    monkeypatch.setattr(
        "pixelwise.predict.outputs.indexed", count("written", lambda mask, _: Image.fromarray(mask))
    )
    assert len(predict_folder(predictor, [tmp_path], tmp_path / "out").written) == 30


def test_a_large_picture_is_the_only_one_in_memory_and_gives_the_same(
    make_predictor, stripes, tmp_path, monkeypatch
):
    for i in range(6):
        Image.fromarray(stripes).save(tmp_path / f"{i}.png")
    predict_folder(make_predictor(), [tmp_path / "*.png"], tmp_path / "small", **EVERYTHING)
    predictor, counts = make_predictor(), Counter()
    read, write = type(predictor.card.form).read, Layout.write

    def count_read(form, path):
        counts["in memory"] += 1
        assert counts["in memory"] == 1
        return read(form, path)

    def count_write(*args):
        write(*args)
        counts["in memory"] -= 1

    monkeypatch.setattr("pixelwise.predict.folder.LARGE_BYTES", 0)
    monkeypatch.setattr(type(predictor.card.form), "read", count_read)
    monkeypatch.setattr(Layout, "write", count_write)
    report = predict_folder(predictor, [tmp_path / "*.png"], tmp_path / "large", **EVERYTHING)
    assert len(report.written) == 6
    assert contents(tmp_path / "large") == contents(tmp_path / "small")


@pytest.mark.parametrize("large", [True, False])
def test_a_picture_whose_results_do_not_fit_into_the_memory_is_reported(
    predictor, shots, tmp_path, monkeypatch, large
):
    (tmp_path / "meminfo").write_text("MemAvailable:     1 kB\n")
    monkeypatch.setattr(room, "MEMORY_FILE", tmp_path / "meminfo")
    if large:
        monkeypatch.setattr("pixelwise.predict.folder.LARGE_BYTES", 0)
    report = predict_folder(predictor, [shots / "a.png"], tmp_path / "out", probs=True)
    ((path, reason),) = report.failed
    assert path == shots / "a.png"
    assert "a.png: the results of 6 x 8 pixels (height x width) need about 0.0 GB of memory, 0.0 GB" in reason
    assert reason.endswith("cut it into smaller pictures")


@pytest.mark.parametrize("place", ["engine", "layout"])
def test_running_out_of_memory_is_reported_with_the_picture(predictor, shots, tmp_path, monkeypatch, place):
    def fill(*_):
        raise MemoryError

    owner, name = (predictor.engine, "masks") if place == "engine" else (Layout, "write")
    monkeypatch.setattr(owner, name, fill)
    report = predict_folder(predictor, [shots / "a.png"], tmp_path / "out")
    assert report.failed == (
        (shots / "a.png", f"{shots / 'a.png'}: does not fit into the memory: cut it into smaller pictures"),
    )

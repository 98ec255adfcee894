import csv
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pixelwise.errors import ConfigError, DataError, ImageError, MissingExtraError
from pixelwise.predict.folder import predict_folder

EVERYTHING = {"overlay": True, "classes": True, "probs": True, "areas": True}
MASK = np.tile(np.repeat([0, 1, 2, 3], 2), (6, 1))


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_every_picture_gets_a_mask_with_the_palette_at_its_place(predictor, shots, tmp_path, small_labels):
    report = predict_folder(predictor, [str(shots)], tmp_path / "out")
    assert files(tmp_path / "out") == ["a.png", "b.png", "night/a.png"]
    assert report.written == tuple(tmp_path / "out" / name for name in files(tmp_path / "out"))
    assert (report.skipped, report.failed, report.notes) == ((), (), ())
    with Image.open(tmp_path / "out/night/a.png") as mask:
        assert mask.mode == "P"
        np.testing.assert_array_equal(np.asarray(mask), MASK)
        assert tuple(mask.getpalette()[3:6]) == small_labels.palette[1]


def test_everything_that_can_be_asked_for_is_written(predictor, shots, tmp_path, stripes, small_labels):
    out = tmp_path / "out"
    predict_folder(predictor, [shots / "a.png"], out, **EVERYTHING)
    grey = [f"classes/a/{name}.png" for name in sorted(small_labels.class_names)]
    assert files(out) == ["a.png", "areas.csv", *grey, "overlays/a.png", "probs/a.npz"]

    probs = predictor.probs(stripes)
    with np.load(out / "probs/a.npz") as saved:
        assert saved["probs"].dtype == np.float16
        np.testing.assert_allclose(saved["probs"], probs, atol=1e-3)
        assert saved["class_names"].tolist() == list(small_labels.class_names)
    for i, name in enumerate(small_labels.class_names):
        with Image.open(out / f"classes/a/{name}.png") as picture:
            assert picture.mode == "L"
            np.testing.assert_allclose(np.asarray(picture) / 255, probs[i], atol=0.003)
    with (out / "areas.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [(row["picture"], row["class"], row["pixels"], float(row["share"])) for row in rows] == [
        ("a", name, "12", 0.25) for name in small_labels.class_names
    ]
    with Image.open(out / "overlays/a.png") as picture:
        assert picture.height > 6 * (400 // 8)


def test_finished_pictures_are_skipped_and_what_is_missing_is_made(predictor, shots, tmp_path):
    out, engine = tmp_path / "out", predictor.engine
    predict_folder(predictor, [shots], out)
    (out / "b.png").unlink()
    report = predict_folder(predictor, [shots], out)
    assert [path.name for path in report.written] == ["b.png"]
    assert len(report.skipped) == 2
    assert engine.seen == 4

    report = predict_folder(predictor, [shots], out, overlay=True)
    assert len(report.written) == 3
    report = predict_folder(predictor, [shots], out, overlay=True, areas=True)
    assert len(report.skipped) == 3
    assert engine.seen == 7
    assert len((out / "areas.csv").read_text().splitlines()) == 1 + 3 * 4


def test_areas_of_a_resumed_run_are_those_of_an_uninterrupted_one(make_predictor, shots, tmp_path):
    class Stopped(Exception):
        pass

    def stop(done, total):
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        predict_folder(make_predictor(), [shots], tmp_path / "halted", areas=True, progress=stop)
    assert not any(name.endswith(".part") for name in files(tmp_path / "halted"))
    report = predict_folder(make_predictor(), [shots], tmp_path / "halted", areas=True)
    assert len(report.skipped) >= 2
    predict_folder(make_predictor(), [shots], tmp_path / "whole", areas=True)
    assert files(tmp_path / "halted") == files(tmp_path / "whole")
    assert (tmp_path / "halted/areas.csv").read_text() == (tmp_path / "whole/areas.csv").read_text()


def test_masks_of_another_model_or_picture_are_never_replaced_or_passed_off(make_predictor, shots, tmp_path):
    out = tmp_path / "out"
    predict_folder(make_predictor(), [shots / "a.png"], out)
    before = (out / "a.png").read_bytes()

    report = predict_folder(make_predictor(fingerprint="another"), [shots / "a.png"], out)
    assert len(report.failed) == 1
    report = predict_folder(make_predictor(), [shots / "night/a.png"], out)
    assert len(report.skipped) == 1  # the same bytes
    Image.new("RGB", (6, 8)).save(shots / "night/a.png")
    report = predict_folder(make_predictor(), [shots / "night/a.png"], out)
    path, reason = report.failed[0]
    assert path == shots / "night/a.png"
    assert str(path) in reason
    assert "made from another picture or by another model (or with another --tta, or in int8), " in reason
    assert ", or was edited; take another --out" in reason
    assert "take another --out" in reason
    assert (out / "a.png").read_bytes() == before


def test_overlays_and_probabilities_of_another_model_are_never_passed_off(make_predictor, shots, tmp_path):
    wanted = {"overlay": True, "classes": True, "probs": True}
    picture, out = shots / "a.png", tmp_path / "out"
    predict_folder(make_predictor(fingerprint="another"), [picture], out, **wanted)
    (out / "a.png").unlink()
    assert predict_folder(make_predictor(), [picture], out).written
    for kind in wanted:
        ((_, reason),) = predict_folder(make_predictor(), [picture], out, **{kind: True}).failed
        assert "is there already and was made from another picture or by another model" in reason


def test_a_picture_of_someone_else_at_the_masks_place_is_left_alone(predictor, shots, tmp_path):
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    report = predict_folder(predictor, [shots / "a.png"], tmp_path)
    assert len(report.failed) == 1
    assert (tmp_path / "a.png").read_bytes() == before


def test_broken_pictures_are_reported_and_the_others_done(predictor, shots, tmp_path):
    (shots / "a.png").write_bytes((shots / "a.png").read_bytes()[:60])
    (shots / "b.jpg").write_bytes(b"no picture")
    (shots / "c.png").touch()
    report = predict_folder(predictor, [shots], tmp_path / "out")
    assert [path.relative_to(shots).as_posix() for path, _ in report.failed] == ["a.png", "b.jpg", "c.png"]
    assert all(reason.startswith(str(path)) and "\n" not in reason for path, reason in report.failed)
    assert files(tmp_path / "out") == ["b.png.png", "night/a.png"]
    assert "b.png.png" in report.notes[0]


def test_a_picture_that_the_engine_cannot_take_is_reported_by_its_name(
    predictor, shots, tmp_path, monkeypatch
):
    def refuse(images):
        raise ImageError("too large")

    monkeypatch.setattr(predictor.engine, "masks", refuse)
    report = predict_folder(predictor, [shots / "a.png"], tmp_path / "out")
    assert report.failed == ((shots / "a.png", f"{shots / 'a.png'}: too large"),)


def test_a_picture_that_another_package_reads_does_not_stop_the_others(
    predictor, shots, tmp_path, monkeypatch
):
    read = type(predictor.card.form).read

    def read_some(form, path):
        if path.parent.name == "night":
            raise MissingExtraError("tifffile", "tiff")
        return read(form, path)

    monkeypatch.setattr(type(predictor.card.form), "read", read_some)
    report = predict_folder(predictor, [shots], tmp_path / "out")
    assert files(tmp_path / "out") == ["a.png", "b.png"]
    ((path, reason),) = report.failed
    assert path == shots / "night" / "a.png"
    assert reason.startswith(f"{path}: this needs the package 'tifffile'")


def test_a_link_to_itself_does_not_stop_the_others(predictor, shots, tmp_path):
    (shots / "loop.png").symlink_to("loop.png")
    report = predict_folder(predictor, [shots], tmp_path / "out")
    assert len(report.written) == 3


def test_a_folder_that_cannot_be_made_is_told_before_the_network_computes(predictor, shots):
    with pytest.raises(DataError, match="/proc/new: cannot be written"):
        predict_folder(predictor, [shots], "/proc/new")
    assert predictor.engine.seen == 0


def test_a_file_that_vanishes_or_may_not_be_read_is_reported(predictor, shots, tmp_path):
    (shots / "gone.png").symlink_to(tmp_path / "nowhere.png")
    report = predict_folder(predictor, [shots], tmp_path / "out")
    assert [path.name for path, _ in report.failed] == ["gone.png"]
    assert "gone.png: " in report.failed[0][1]


def test_masks_are_as_large_as_the_upright_picture_even_of_one_pixel(predictor, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    Image.new("CMYK", (1, 1)).save(tmp_path / "one.jpg")
    predict_folder(predictor, [tmp_path / "*.jpg"], tmp_path / "out", **EVERYTHING)
    for name, size in (("turned", (20, 30)), ("one", (1, 1))):
        with Image.open(tmp_path / f"out/{name}.png") as mask:
            assert mask.size == size


def test_progress_counts_every_picture(predictor, shots, tmp_path):
    (shots / "b.png").write_bytes(b"")
    calls = []
    predict_folder(predictor, [shots], tmp_path / "out", progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_pictures_of_other_bands_than_the_model_takes_are_reported(make_predictor, shots, tmp_path):
    report = predict_folder(make_predictor(in_channels=5), [shots], tmp_path / "out")
    assert not report.written
    assert len(report.failed) == 3
    assert all("holds 3 bands of uint8, expected 5 channels" in reason for _, reason in report.failed)


def test_pictures_of_many_bands_get_masks_and_overlays(make_predictor, shots, tmp_path):
    bands = np.random.default_rng(0).integers(0, 4000, (5, 6, 8), np.uint16)
    tifffile.imwrite(tmp_path / "bands.tif", bands, photometric="minisblack", planarconfig="separate")
    predict_folder(make_predictor(in_channels=5), [tmp_path / "bands.tif"], tmp_path / "out", overlay=True)
    for path in ("out/bands.png", "out/overlays/bands.png"):
        assert (tmp_path / path).is_file()


def test_a_model_of_one_channel_predicts_files(make_predictor, shots, tmp_path):
    assert (
        len(predict_folder(make_predictor(in_channels=1), [shots], tmp_path / "out", overlay=True).written)
        == 3
    )


def test_a_file_at_the_place_of_the_folder_is_refused(predictor, shots, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(ConfigError, match=r"new\.png: is named like a picture, expected a folder"):
        predict_folder(predictor, [tmp_path], tmp_path / "new.png")
    with pytest.raises(ConfigError, match="out: is a file, expected a folder"):
        predict_folder(predictor, [shots], tmp_path / "out")


def test_a_table_of_someone_else_is_noticed_before_anything_is_written(predictor, shots, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/areas.csv").write_text("mine")
    with pytest.raises(DataError, match=r"areas\.csv"):
        predict_folder(predictor, [shots], tmp_path / "out", areas=True)
    assert files(tmp_path / "out") == ["areas.csv"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(predictor, shots, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(DataError, match="cannot be written"):
        predict_folder(predictor, [shots], tmp_path / "out")


def test_a_result_that_cannot_be_written_ends_the_run_with_its_name(predictor, shots, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/night").touch()
    with pytest.raises(DataError, match=r"night/a\.png: cannot be written \(.+\)"):
        predict_folder(predictor, [shots], tmp_path / "out")


def test_a_real_model_predicts_a_folder(exported_model_path, shots, tmp_path):
    from pixelwise import Predictor

    report = predict_folder(Predictor.load(exported_model_path), [shots], tmp_path / "out", **EVERYTHING)
    assert len(report.written) == 3
    report = predict_folder(Predictor.load(exported_model_path), [shots], tmp_path / "out", **EVERYTHING)
    assert len(report.skipped) == 3

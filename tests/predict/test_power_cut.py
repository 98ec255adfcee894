import os

import pytest

from pixelwise.predict.folder import predict_folder

FILES = ("a.png", "overlays/a.png", "classes/a/cat.png", "probs/a.npz")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("lost", [1, 30, "all", "content"])
def test_what_a_power_cut_left_is_made_again(make_predictor, shots, tmp_path, file, lost):
    picture, out = [shots / "a.png"], tmp_path / "out"
    everything = {"overlay": True, "classes": True, "probs": True, "areas": True}
    predict_folder(make_predictor(), picture, out, **everything)
    whole = (out / file).read_bytes()
    assert predict_folder(make_predictor(), picture, out, **everything).skipped
    os.truncate(out / file, len(whole) - lost if isinstance(lost, int) else 0)
    if lost == "content":  # some file systems know the size, and have not written the rest
        os.truncate(out / file, len(whole))

    report = predict_folder(make_predictor(), picture, out, **everything)

    assert (report.failed, report.written) == ((), (out / "a.png",))
    if file.endswith(".png"):  # the other holds the time
        assert (out / file).read_bytes() == whole
    assert predict_folder(make_predictor(), picture, out, **everything).skipped


def test_only_the_mask_is_waited_for_until_the_disk_holds_it(make_predictor, shots, tmp_path, monkeypatch):
    out, there = tmp_path / "out", []

    def keep(number):
        size = os.fstat(number).st_size
        there.append((size > 0, [file for file in FILES if (out / file).exists()]))

    monkeypatch.setattr(os, "fsync", keep)
    predict_folder(make_predictor(), [shots / "a.png"], out, overlay=True, classes=True, probs=True)
    assert there == [(True, list(FILES[1:]))]


def test_a_mask_that_is_damaged_in_the_middle_is_told_with_the_mend(predictor, shots, tmp_path):
    out = tmp_path / "out"
    predict_folder(predictor, [shots / "a.png"], out)
    mask = (out / "a.png").read_bytes()
    (out / "a.png").write_bytes(mask.replace(b"IDAT", b"IDAX"))
    ((path, reason),) = predict_folder(predictor, [shots / "a.png"], out, areas=True).failed
    assert path == shots / "a.png"
    assert reason.startswith(f"{path}: its mask is made again once you delete it: {out / 'a.png'}: is ")


def test_a_damaged_picture_of_someone_else_is_left_alone(predictor, shots, tmp_path):
    damaged = (shots / "a.png").read_bytes()[:-30]
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png").write_bytes(damaged)
    assert predict_folder(predictor, [shots / "a.png"], tmp_path / "out").failed
    assert (tmp_path / "out/a.png").read_bytes() == damaged

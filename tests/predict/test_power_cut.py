import os

import pytest

from pixelwise.predict.folder import predict_folder

FILES = ("a.png", "overlays/a.png", "classes/a/cat.png", "probs/a.npz")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("lost", [1, 30, "all"])
def test_what_a_power_cut_left_is_made_again(make_predictor, shots, tmp_path, file, lost):
    picture, out = [shots / "a.png"], tmp_path / "out"
    everything = {"overlay": True, "classes": True, "probs": True, "areas": True}
    predict_folder(make_predictor(), picture, out, **everything)
    whole = (out / file).read_bytes()
    assert predict_folder(make_predictor(), picture, out, **everything).skipped
    os.truncate(out / file, 0 if lost == "all" else len(whole) - lost)

    report = predict_folder(make_predictor(), picture, out, **everything)

    assert (report.failed, report.written) == ((), (out / "a.png",))
    if file.endswith(".png"):  # the other holds the time
        assert (out / file).read_bytes() == whole
    assert predict_folder(make_predictor(), picture, out, **everything).skipped


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

import pytest

from pixelwise.cli.app import main


@pytest.fixture
def run(exported_model_path, shots, tmp_path, capsys, monkeypatch):
    """Run `pixelwise predict` and return its exit code, output and complaints."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments, model=exported_model_path):
        code = main(["predict", str(model), *map(str, arguments), "--out", str(tmp_path / "out")])
        return code, *capsys.readouterr()

    return run


def test_a_folder_is_predicted_and_the_summary_says_so(run, shots, tmp_path):
    code, out, err = run(shots, "--overlay", "--areas")
    assert code == 0
    assert "3 written; engine: openvino " in out
    assert str(tmp_path / "out") in out
    assert "Traceback" not in err
    assert (tmp_path / "out/overlays/night/a.png").is_file()
    code, out, err = run(shots, "--overlay", "--areas")
    assert (code, out.startswith("0 written, 3 skipped (finished before); engine")) == (0, True)


def test_a_broken_picture_gives_exit_code_1_and_one_line(run, shots, tmp_path):
    (shots / "b.png").write_bytes(b"no picture")
    code, out, err = run(shots)
    assert code == 1
    assert "2 written, 1 failed" in out
    complaints = [line for line in err.splitlines() if line.startswith("failed: ")]
    assert len(complaints) == 1
    assert str(shots / "b.png") in complaints[0]
    assert (tmp_path / "out/night/a.png").is_file()


def test_without_pictures_the_error_is_one_line(run, tmp_path):
    for asked, words in (
        (tmp_path / "none*.jpg", "no pictures found in"),
        (tmp_path / "no", "no such file or folder"),
    ):
        code, out, err = run(asked)
        assert (code, out) == (1, "")
        said, error = err.splitlines()
        assert "engine: " in said
        assert error.startswith("pixelwise: error: ")
        assert words in error


def test_a_missing_model_is_one_line(run, shots, tmp_path):
    code, _, err = run(shots, model=tmp_path / "model.safetensors")
    assert code == 1
    assert err == f"pixelwise: error: {tmp_path / 'model.safetensors'}: no such model file\n"


def test_every_failure_is_listed_however_many(run, shots):
    for i in range(30):
        (shots / f"broken{i}.jpg").write_bytes(b"")
    code, out, err = run(shots)
    assert code == 1
    assert "3 written, 30 failed" in out
    named = {line.split(": ")[1] for line in err.splitlines() if line.startswith("failed: ")}
    assert named == {f"{shots}/broken{i}.jpg" for i in range(30)}

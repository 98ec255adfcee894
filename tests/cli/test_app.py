"""How the command line ends: exit codes, and one line for each error."""

import os
import shlex
import subprocess
import sys
import time

import pytest

from pixelwise import __version__
from pixelwise.cli import app as app_module
from pixelwise.cli.app import main
from pixelwise.errors import ConfigError, DataError, MissingExtraError


def raising(error):
    def app(_arguments):
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (DataError("DATA/a.png: [/red] value 12"), 1, "error: DATA/a.png: [/red] value 12"),
        (ConfigError("epochs is 0"), 1, "error: epochs is 0"),
        (PermissionError(13, "Permission denied", "out/x.png"), 1, "error: out/x.png: Permission denied"),
        (OSError(28, "No space left on device"), 1, "error: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(error, code, told, monkeypatch, capsys):
    monkeypatch.setattr(app_module, "app", raising(error))
    assert main([]) == code
    captured = capsys.readouterr()
    assert captured.err == f"pixelwise: {told}\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    "error", [MissingExtraError("torch", "train"), ModuleNotFoundError("No module", name="torch.nn")]
)
def test_a_missing_extra_prints_the_install_line(error, monkeypatch, capsys):
    monkeypatch.setattr(app_module, "app", raising(error))
    assert main([]) == 1
    assert "'torch'" in (told := capsys.readouterr().err)
    assert "pip install 'pixelwise[train]'" in told


@pytest.mark.parametrize("error", [ZeroDivisionError(), ImportError("numpy"), OSError("strange")])
def test_a_bug_keeps_its_traceback(error, monkeypatch):
    monkeypatch.setattr(app_module, "app", raising(error))
    with pytest.raises(type(error)):
        main([])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["evalate"], "there is no command 'evalate': did you mean evaluate?"),
        (
            ["zzz"],
            "there is no command 'zzz': expected train, evaluate, predict, export, quantize, ",
        ),
        (["evaluate"], "MODEL"),
        (["evaluate", "a", "b", "--spilt", "val"], "there is no option '--spilt': did you mean --split?"),
        (["train", "DATA", "--learning-rate=1e-3"], "no option '--learning-rate': did you mean --lr?"),
        (
            ["evaluate", "a", "b", "--engine", "cuda"],
            '"torch-compiled", "openvino-int8", "openvino"',
        ),
        (["train", "DATA", "--epochs", "many"], "--epochs"),
        (["models", "--size", "3"], "--size"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, told, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("pixelwise: error: ")
    assert captured.err.count("\n") == 1
    assert told in captured.err


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["predict", "run", "shots", "--out", ""], "--out"),
        (["predict", "run", "", "--out", "masks", "--overlay"], "PICTURES"),
        (["train", "", "--out=runs/first"], "DATA"),
        (["train", "DATA", "--model", "", "--no-flip"], "--model"),
        (["train", "DATA", "--weights="], "--weights"),
        (["train", "DATA", "--config", ""], "--config"),
    ],
)
def test_an_empty_value_is_not_the_current_folder(arguments, name, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"pixelwise: error: {name} is empty: give a value")
    assert told.count("\n") == 1


def test_a_command_returns_its_exit_code(tmp_path, capsys):
    assert main(["evaluate", str(tmp_path / "no.xml"), str(tmp_path)]) == 1
    assert "no.xml: no such model file" in capsys.readouterr().err
    assert main(["models"]) == 0


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_without_a_command_the_help_is_shown(capsys):
    assert main([]) == 0
    assert "pixelwise train DATA" in capsys.readouterr().out


def test_a_reader_that_stops_early_is_no_error():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "pixelwise", "models"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert done.stderr == ""


def test_names_that_are_no_text_are_printed_all_the_same(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    done = subprocess.run(
        [sys.executable, "-m", "pixelwise", "shapes", folder, "--train", "1", "--val", "0", "--test", "0"],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert rb"caf\udce9" in done.stdout


def test_the_module_runs_as_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "pixelwise", "evaluate", "a", "b"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("pixelwise: error: a: ")


def test_what_kill_sends_ends_as_ctrl_c_does(tmp_path):
    command = [sys.executable, "-m", "pixelwise", "shapes", str(tmp_path / "new"), "--train", "10000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            while process.poll() is None and not list(tmp_path.rglob("*.png")):  # imports may lose a signal
                time.sleep(0.01)
            process.terminate()
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (130, "pixelwise: interrupted\n")
    assert not list(tmp_path.iterdir())


def test_a_process_without_standard_streams_works_all_the_same(tmp_path):
    command = f"exec {shlex.quote(sys.executable)} -m pixelwise shapes new --train 1 --val 0 --test 0"
    done = subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"], cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0
    assert (tmp_path / "new/dataset.yaml").exists()
    told = subprocess.run(["sh", "-c", f"{command} >&-"], cwd=tmp_path, timeout=60, capture_output=True)
    assert told.returncode == 1
    assert told.stderr.startswith(b"pixelwise: error: new: exists")
    assert told.stderr.count(b"\n") == 1


@pytest.mark.parametrize("command", ["check loop", "convert loop new"])
def test_a_link_to_itself_is_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PIXELWISE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    assert main(command.split()) == 1
    told = "pixelwise: error: loop: no such folder or file, expected a data set\n"
    assert capsys.readouterr().err == told

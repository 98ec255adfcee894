"""What the README shows is what the program takes."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

import pixelwise
from pixelwise.cli.app import app
from pixelwise.data.description import read_description
from pixelwise.models.names import model_names
from pixelwise.training.settings import TrainSettings

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("#")[0].strip() for line in README.splitlines() if re.match(r"    pixelwise \w", line)
]


def test_the_readme_shows_the_main_commands() -> None:
    assert {shlex.split(command)[1] for command in COMMANDS} >= {"classes", "train", "evaluate", "predict"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_line_is_accepted(command: str) -> None:
    _, bound, *_ = app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)
    assert bound.arguments


def test_every_option_in_the_table_is_a_setting_with_the_default_shown() -> None:
    known = {setting.name.replace("_", "-"): setting.default for setting in fields(TrainSettings)}
    rows = re.findall(r"^\| (`--.*?) \| (.*?) \|", README, re.MULTILINE)
    assert len(rows) > 3
    for options, defaults in rows:
        for option, default in zip(re.findall(r"--([\w-]+)", options), defaults.split(", "), strict=False):
            assert option in known
            if isinstance(known[option], int | str) and not isinstance(known[option], bool):
                assert default.strip("`") == str(known[option])


def test_the_example_of_a_description_is_one(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block
    path = tmp_path / "dataset.yaml"
    path.write_text(block[1], encoding="utf-8")
    labels = read_description(path).labels()
    assert labels.class_names == ("background", "cat")
    assert labels.palette[1] == (220, 20, 60)


def test_the_python_example_names_what_there_is() -> None:
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block
    compile(block[1], "README.md", "exec")
    for name in re.findall(r"pixelwise\.(\w+)", block[1]):
        assert name in pixelwise.__all__
    for name in re.findall(r'create_model\("(\w+)"', block[1]):
        assert name in model_names()


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures
    for picture in pictures:
        assert (Path(__file__).parents[1] / picture).is_file()

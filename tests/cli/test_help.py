"""The help: quick to read at 80 columns, with an example that works."""

import inspect
import io
import shlex

import pytest
from rich.console import Console

from pixelwise.cli.app import COMMANDS, app

PAGES = ["", *COMMANDS]


def help_page(command, width=80):
    console = Console(width=width, color_system=None, file=io.StringIO())
    app.help_print([command] if command else [], console=console)
    return console.file.getvalue()


def examples(page):
    return [line.strip() for line in page.partition("\nExample:\n")[2].splitlines() if line.strip()]


@pytest.mark.parametrize("command", PAGES)
def test_a_page_fits_80_columns(command):
    lines = help_page(command).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > 10


@pytest.mark.parametrize("command", PAGES)
def test_a_page_ends_with_an_example_of_its_command(command):
    shown = examples(help_page(command))
    assert shown
    assert all(line.startswith(f"pixelwise {command}") for line in shown)


@pytest.mark.parametrize("command", PAGES)
def test_the_examples_are_commands_that_exist(command):
    for line in examples(help_page(command)):
        function, _, _ = app.parse_args(shlex.split(line)[1:])
        assert function.__name__ in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(command):
    assert COMMANDS[command] in help_page("")
    assert inspect.getdoc(app[command].default_command).splitlines()[0] == COMMANDS[command]
    assert COMMANDS[command] in help_page(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_is_explained(command):
    for argument in app[command].assemble_argument_collection(parse_docstring=True):
        assert not argument.show or argument.parameter.help, argument.name


def test_every_command_is_listed_once():
    page = help_page("")
    for command in COMMANDS:
        assert sum(line.startswith(f"│ {command} ") for line in page.splitlines()) == 1


def test_defaults_are_shown_as_they_are_typed():
    page = help_page("models", width=200)
    assert "[default: 480 640]" in page
    assert "None" not in page
    assert "False" not in help_page("predict")

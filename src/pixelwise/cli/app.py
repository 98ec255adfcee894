"""The `pixelwise` command: which commands there are, how their help looks, and how errors end.

A command's module is imported when the command is named, so that `pixelwise --help` stays quick. The
docstring of its function is its help, and the docstring's `Example:` stands at the end of it.
"""

from __future__ import annotations

import inspect
import itertools
import os
import sys
from typing import Any

from cyclopts import App, Parameter

from .. import __version__
from ..errors import MissingExtraError, PixelwiseError

COMMANDS = {
    "train": "Train a network on a folder of pictures and masks.",
    "evaluate": "Score a model against the masks of a data set.",
    "predict": "Write a mask for every picture.",
    "classes": "List the classes that a data set's masks hold.",
    "shapes": "Write a data set of generated pictures, to try things on.",
    "models": "List the networks, with their cost for a picture.",
}
"""Every command, in the order of the help, with the first line of its docstring (a test keeps them equal)."""

EXTRAS = {
    "kornia": "train",
    "lightning": "train",
    "matplotlib": "train",
    "tensorboard": "train",
    "torch": "train",
    "torchmetrics": "train",
}
"""Packages that a plain `pip install pixelwise` leaves out, and the extra that brings each."""

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


HELP = """Semantic segmentation with fully convolutional networks: train, measure, predict.

Example:
    pixelwise shapes DATA
    pixelwise train DATA --out runs/first
    pixelwise evaluate runs/first DATA
    pixelwise predict runs/first PICTURES --out masks --overlay
"""


class _Commands(App):
    """A cyclopts app whose help is each command's docstring, with the example at its end."""

    def __getitem__(self, key: str) -> App:
        command = super().__getitem__(key)
        if key in COMMANDS:
            command.help = None  # cyclopts takes the docstring then; the line in COMMANDS stood in for it
        return command

    def help_print(self, tokens: Any = None, *, console: Any = None) -> None:
        super().help_print(tokens, console=console)
        _, apps, _ = self.parse_commands(tokens)
        _, _, example = inspect.cleandoc(apps[-1].help).partition("\nExample:\n")
        lines = itertools.takewhile(lambda line: line.startswith(" "), example.splitlines())
        (console or self.console).print("\n".join(["Example:", *lines]), highlight=False, markup=False)


app = _Commands(
    name="pixelwise",
    help=HELP,
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
    result_action="return_int_as_exit_code_else_zero",
    suppress_keyboard_interrupt=False,
)
for _place, (_name, _summary) in enumerate(COMMANDS.items()):
    app.command(
        f"pixelwise.cli.{_name}:{_name}", name=_name, help=_summary, help_format="markdown", sort_key=_place
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` default to those of the process.

    An error that a user can mend is one line on the standard error, and code 1; wrong usage is code 2.
    """
    try:
        code = app(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ImportError as error:
        missing = _missing_extra(error)
        if missing is None:
            raise
        return _complain(f"error: {missing}")
    except PixelwiseError as error:
        return _complain(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        return _complain(f"error: {error.filename}: {error.strerror}")
    return int(code)


def _complain(text: str, code: int = 1) -> int:
    print(f"pixelwise: {text}", file=sys.stderr)
    return code


def _missing_extra(error: BaseException | None) -> MissingExtraError | None:
    """Return what to say when an optional package is missing, or None when the error is another one."""
    while isinstance(error, ImportError):
        if isinstance(error, MissingExtraError):
            return error
        package = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and package in EXTRAS:
            return MissingExtraError(package, EXTRAS[package])
        error = error.__cause__  # cyclopts wraps the error of a command's module
    return None

"""The `pixelwise` command: which commands there are, how their help looks, and how errors end.

A command's module is imported when the command is named, so that `pixelwise --help` stays quick. The
docstring of its function is its help, and the docstring's `Example:` stands at the end of it.
"""

from __future__ import annotations

import inspect
import io
import itertools
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from cyclopts import (
    UNSET,
    App,
    Argument,
    ArgumentCollection,
    CoercionError,
    CycloptsError,
    Group,
    Parameter,
    UnknownCommandError,
    UnknownOptionError,
)

from .. import __version__
from ..errors import PixelwiseError, did_you_mean
from ..extras import missing_extra
from .recipe import add_recipe, check_together, kinds_in

COMMANDS = {
    "train": "Train a network on a folder of pictures and masks.",
    "evaluate": "Score a model against the masks of a data set.",
    "predict": "Write a mask for every picture.",
    "export": "Write a model for another runtime, and prove it.",
    "quantize": "Write a model in int8, for speed, and bound what it loses.",
    "check": "Find what is wrong with a data set, and mend it.",
    "classes": "List the classes that a data set's masks hold.",
    "convert": "Write a data set of any format in our folder layout.",
    "shapes": "Write a data set of generated pictures, to try things on.",
    "models": "List the networks, with their cost for a picture.",
}
"""Every command, in the order of the help, with the first line of its docstring (a test keeps them equal)."""

WRONG_USAGE = 2
INTERRUPTED = 130
"""Exit codes; 130 is 128 and the number of the signal, as shells have it after Ctrl-C."""


USAGES = {"predict": "Usage: pixelwise predict --out PATH [OPTIONS] MODEL PICTURES..."}
"""Usages that cyclopts would tell less well: [ARGS...] for PICTURES."""

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


def _complete(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Add what a recipe holds to what was typed, and refuse what would be taken for something else."""
    recipe = add_recipe(app, commands, arguments)
    for argument in arguments:
        _refuse_empty(argument)
        _refuse_fractions(argument)
    if recipe is not None:
        check_together(recipe, arguments)


def _refuse_empty(argument: Argument) -> None:
    """Raise where a value is empty, as of a shell variable that is not set: as a path it is this folder."""
    for token in argument.tokens:
        if not token.value and token.implicit_value is UNSET:  # which a switch has
            place = f"{token.source}: " if token.source != "cli" else ""
            raise CycloptsError(
                msg=f"{place}{argument.name} is empty: give a value ('.' is the current folder); "
                "is a variable of the shell not set?"
            )


def _refuse_fractions(argument: Argument) -> None:
    """Raise where a whole number is wanted and a fraction given, which cyclopts would round."""
    kinds = kinds_in(argument.hint)
    for token in argument.tokens if int in kinds and float not in kinds else ():
        if "." in token.value:
            raise CoercionError(token=token, argument=argument, target_type=int)


def _shown_default(value: object) -> str | None:
    """Return how the help shows a default: as it would be typed; nothing where there is none."""
    if value is None or value is False:
        return None
    if value is True:
        return "on"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


app = _Commands(
    name="pixelwise",
    help=HELP,
    version=__version__,
    help_format="plaintext",
    config=_complete,
    default_parameter=Parameter(negative=(), show_default=_shown_default),
    group_parameters=Group("Options"),
    print_error=False,  # `main` does
    exit_on_error=False,
    result_action="return_int_as_exit_code_else_zero",
    suppress_keyboard_interrupt=False,
)
for _place, (_name, _summary) in enumerate(COMMANDS.items()):
    app.command(
        f"pixelwise.cli.{_name}:{_name}",
        name=_name,
        help=_summary,
        help_format="markdown",
        sort_key=_place,
        usage=USAGES.get(_name),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; `arguments` default to those of the process.

    An error that a user can mend is one line on the standard error, and code 1; wrong usage is code 2.
    """
    _heed_sigterm()
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    try:
        code = app(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        return _complain(f"error: {_usage_error(error)}", WRONG_USAGE)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ImportError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        return _complain(f"error: {missing}")
    except PixelwiseError as error:
        return _complain(f"error: {error}")
    except OSError as error:
        if error.strerror is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"error: {where}{error.strerror}")
    return int(code)


def _open_what_is_closed() -> None:
    """Give the process the standard streams that it was started without.

    Else files that it opens would get their numbers, and what libraries print would go into those files.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  as long as the process


def _heed_sigterm() -> None:
    """Have what `kill`, `docker stop` and systemd send end a command as Ctrl-C does, unless it is ignored."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Interrupt the process, unless Lightning, which calls this as well, ends a training in its own time."""
    if signal.getsignal(number) is _interrupt:
        raise KeyboardInterrupt


def _complain(text: str, code: int = 1) -> int:
    print(f"pixelwise: {text}", file=sys.stderr)
    return code


def _usage_error(error: CycloptsError) -> str:
    """Return what is wrong with a command line."""
    if isinstance(error, UnknownCommandError) and error.unused_tokens:  # its own text imports every command
        word = error.unused_tokens[0]
        return f"there is no command '{word}'" + (
            did_you_mean(word, COMMANDS) or f": expected {', '.join(COMMANDS)}"
        )
    if isinstance(error, UnknownOptionError):
        option = (error.token.keyword or error.token.value).partition("=")[0]
        names = [name for argument in error.argument_collection for name in argument.names]
        return f"there is no option '{option}'" + did_you_mean(option, names)
    if isinstance(error, CoercionError) and error.token is None and error.argument is not None:
        places = [token.source for token in error.argument.tokens if token.source != "cli"]
        mend = f"; in a recipe write  {error.argument.name.strip('-')}: [A, B]" if places else ""
        return ": ".join([*places[:1], error.argument.name, str(error).rstrip(".") + mend])
    return str(error)

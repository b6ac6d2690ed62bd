"""The command line: one file a command, imported only when it is called.

A command `NAME` lives in `raftproof/commands/NAME.py` as the function `command`, whose typed parameters are its options
(typer). This module knows only the names and a sentence about each, so that `raftproof --help` starts at once.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

COMMANDS = {
    "check": "Explore every behavior of a model within bounds, and show what breaks.",
    "simulate": "Walk random behaviors of a model from a seed.",
    "conform": "Hold traces of a real cluster against the model, line by line.",
    "prove": "Prove the safety argument for clusters of every size.",
    "gallery": "Every broken rule: what it violates, in how many steps, the picture.",
    "render": "Draw a result again from its JSON: svg, html, dot, text or itf.",
    "cluster": "Run a real cluster on this machine.",
    "serve": "Run one server.",
    "kv": "Talk to a cluster: get, put, del.",
    "torture": "Run the implementation under deterministic faults.",
}

CANNOT_WRITE, FAULTY, NOBODY_READS = 2, 70, 141


class LazyCommands(TyperGroup):
    """A group that imports a command's file when it is called, and not to list it."""

    def __init__(self, **attributes: Any) -> None:
        """Stand-ins that carry the sentences of help; `resolve_command` gives the real ones."""
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(name, help=sentence, add_help_option=False) for name, sentence in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if stand_in is None or name is None:
            return name, stand_in, rest
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "app"):
            return name, get_command(module.app), rest
        app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        app.command(name)(module.command)
        return name, get_command(app), rest


app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Explore every behavior of a small Raft cluster, explain every trace of a real one, prove what holds for all.",
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"raftproof {version('raftproof')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What stands before the name of a command."""


def main() -> None:
    """The `raftproof` program; what keeps it from its answer is no verdict, and has an exit code of its own."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where there is no sign for an arrow, a question mark
    try:
        try:
            app(prog_name="raftproof")
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            _end(NOBODY_READS)
        raise
    except BrokenPipeError:
        _end(NOBODY_READS)
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename else "an answer cannot be written: "
        print(f"raftproof: {where}{fault.strerror or fault}", file=sys.stderr)
        _end(CANNOT_WRITE)
    except Exception:
        sys.excepthook(*sys.exc_info())
        print("raftproof: this is a fault of raftproof itself: please report it, with the command", file=sys.stderr)
        _end(FAULTY)


def _end(code: int) -> NoReturn:
    """End without a last attempt at writing what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)

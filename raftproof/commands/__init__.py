"""The command line: one file a command, imported only when it is called.

A command `NAME` lives in `raftproof/commands/NAME.py` as the function `command`, whose typed parameters are its options
(typer). This module knows only the names and a sentence about each, so that `raftproof --help` starts at once.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import click
import typer
from typer.core import TyperGroup
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


class LazyCommands(TyperGroup):
    """A group that imports a command's file when it is called, and not to list it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in reading order."""
        return [name for name in COMMANDS if _exists(name)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that carries the help sentence; `resolve_command` gives the real one."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return click.Command(cmd_name, help=COMMANDS[cmd_name], add_help_option=False)

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


def _exists(name: str) -> bool:
    return importlib.util.find_spec(f"{__name__}.{name}") is not None


app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Explore every behavior of a small Raft cluster, explain every trace of a real one, prove what holds for all.",
)


@app.callback()
def _root() -> None:
    """Options that all commands share would stand here."""


def main() -> None:
    """The `raftproof` program."""
    app(prog_name="raftproof")

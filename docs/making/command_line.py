"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.main import get_command

from making.markdown import code, table
from raftproof.commands import COMMANDS

THE_MODELS, LINKED = "[default: the model's]", "[the model's](models.md#the-models)"


def reference() -> str:
    """All commands, in the order of `raftproof --help`."""
    return "\n\n".join(part for name in COMMANDS for part in _command(name))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its name, the commands of a group too."""
    for name in COMMANDS:
        module = importlib.import_module(f"raftproof.commands.{name}")
        if hasattr(module, "app"):
            group: Any = get_command(module.app)
            yield from ((f"{name} {own}", command) for own, command in group.commands.items())
        else:
            app = typer.Typer(add_completion=False)
            app.command(name)(module.command)
            yield name, get_command(app)


def _command(name: str) -> list[str]:
    mine = [(full, command) for full, command in commands() if full.split()[0] == name]
    parts = [f"## {name}"]
    if len(mine) > 1:
        parts.append(COMMANDS[name])
    for full, command in mine:
        kinds = get_type_hints(inspect.unwrap(command.callback))
        rows = [_option(param, kinds[param.name]) for param in options(command)]
        parts += [f"### {full}"] if len(mine) > 1 else []
        parts += [_usage(full, command), inspect.cleandoc(command.help or ""), table(["option", "", "default"], rows)]
    return parts


def options(command: Any) -> list[Any]:
    """What a command takes, but --help."""
    return [param for param in command.params if param.name != "help" and not getattr(param, "hidden", False)]


def _usage(name: str, command: Any) -> str:
    words = [_metavar(p) for p in options(command) if p.param_type_name == "argument"]
    return f"`raftproof {' '.join([name, *words])} [OPTION …]`"


def _metavar(param: Any) -> str:
    shown = param.metavar or param.name.upper()
    return shown if param.required or shown.endswith("…") else f"[{shown}]"


def _option(param: Any, kind: Any) -> tuple[str, str, str]:
    if param.param_type_name == "argument":
        return code(param.metavar or param.name.upper()), param.help or "", ""
    names = ", ".join(code(name) for name in (*param.opts, *param.secondary_opts))
    takes = "" if param.is_flag else f" {code(param.metavar or _kind(kind))}"
    return names + takes, (param.help or "").removesuffix(THE_MODELS).rstrip(), _default(param)


def _kind(kind: Any) -> str:
    """What stands for a value whose command does not name it."""
    kinds = (kind, *get_args(kind))
    return "N" if int in kinds else "SECONDS" if float in kinds else "FILE" if Path in kinds else "TEXT"


def _default(param: Any) -> str:
    if THE_MODELS in (param.help or ""):
        return LINKED
    if param.default is None or param.is_flag or param.default == "" or callable(param.default):
        return ""
    return code(param.default)

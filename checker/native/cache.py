"""Keeps compiled code from one run to the next: a folder a digest, with the generated source and what numba made of it.

Nothing is ever stale, since the digest is of everything that the code was made from; so what was compiled only adds up.
When something new is stored, the folders that were not used for longest go, until all take no more than `MOST_BYTES`.
Where nothing can be kept (a home that is read-only, or none), it is kept for this run, and a sentence says so.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

MOST_BYTES = 2 << 30
DIGEST_LENGTH = 24
_FOLDER = re.compile(f"[0-9a-f]{{{DIGEST_LENGTH}}}")


def cache_directory() -> Path:
    """Where compiled code is kept: RAFTPROOF_CACHE, or the user's cache directory."""
    named = os.environ.get("RAFTPROOF_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(named) if named else Path(base) / "raftproof"


def _kept_in() -> Path:
    """The cache directory, or where nothing can be written there, a folder of this run's own."""
    try:
        directory = cache_directory()
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except (OSError, RuntimeError) as fault:  # Path.home() raises RuntimeError where there is none
        why = f"{fault.filename}: {fault.strerror}" if isinstance(fault, OSError) else str(fault).rstrip(".")
        return _of_this_run(why)
    return directory


@functools.cache
def _of_this_run(why: str) -> Path:
    """A folder that goes with this process; never one that somebody else could have put code into."""
    folder = Path(tempfile.mkdtemp(prefix="raftproof-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sentence = "what is compiled is kept for this run only; RAFTPROOF_CACHE names another folder"
    print(f"raftproof: {why}: {sentence}", file=sys.stderr)
    return folder


def module_of(
    kind: str, digest: str, source: str, names: Callable[[], dict[str, Any]], at_first: Callable[[], None]
) -> ModuleType:
    """The module of a generated source, run with names that it finds; `at_first` is called before it is stored."""
    name = f"raftproof_{kind}_{digest}"
    directory = _kept_in()
    path = directory / digest / f"{name}.py"
    if not path.exists():
        at_first()
        _make_room(directory)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(source, encoding="utf-8")
        unfinished.replace(path)
    with contextlib.suppress(OSError):  # a folder that somebody else made is used all the same
        os.utime(path.parent)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    vars(module).update(names())
    spec.loader.exec_module(module)
    return module


def _make_room(directory: Path) -> None:
    """Remove what was not used for longest, until the rest is small enough; of others' files nothing is touched."""
    kept = 0
    for _, folder in sorted(_folders(directory), reverse=True):
        kept += sum(_size(file) for file in folder.glob("*"))
        if kept > MOST_BYTES:
            shutil.rmtree(folder, ignore_errors=True)


def _folders(directory: Path) -> list[tuple[float, Path]]:
    """The folders of digests, each with when it was last used."""
    found = []
    for folder in directory.glob("*"):
        with contextlib.suppress(OSError):  # another process may remove it
            if _FOLDER.fullmatch(folder.name):
                found.append((folder.stat().st_mtime, folder))
    return found


def _size(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_size
    return 0

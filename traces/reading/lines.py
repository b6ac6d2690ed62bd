"""Lines of a log file as events, in file order.

A file is plain or gzip; it may be a pipe, or standard input. Text before the first `{` of a line is left out; a line
without `{`, or whose tag is not "trace", is no event and is skipped. Anything else that is not a well-formed event is
malformed.
"""

from __future__ import annotations

import atexit
import gzip
import io
import shutil
import sys
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast, get_args

import msgspec

from raftproof.traces.events import Line, Name, Placed

STDIN: Final = "-"
OURS: Final = b'"caller":"raftproof"'
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 16
_KINDS = {
    "AppendEntriesRequest": {"MsgApp", "MsgHeartbeat", "MsgSnap"},
    "AppendEntriesResponse": {"MsgAppResp", "MsgHeartbeatResp"},
    "RequestVoteRequest": {"MsgVote"},
    "RequestVoteResponse": {"MsgVoteResp"},
    "ReadIndexRequest": {"MsgReadIndex"},
    "ReadIndexResponse": {"MsgReadIndexResp"},
}
KINDS: Final = {f"{verb}{what}": kinds for verb in ("Send", "Receive") for what, kinds in _KINDS.items()}
"""The messages that an event may carry."""
_CARRIED: Final[dict[str, Collection[str | None]]] = {name: KINDS.get(name, {None}) for name in get_args(Name)}
"""What every event carries: one of some messages, or none."""


class Malformed(Exception):
    """A file that is no trace, or a line that is no event."""

    def __init__(self, file: str, number: int, reason: str) -> None:
        self.file, self.number, self.reason = file, number, reason
        super().__init__(f"{file}:{number}: {reason}" if number else f"{file}: {reason}")


class _Unzipped(gzip.GzipFile):
    """A compressed file to be read in large pieces: line by line it takes twice as long."""

    def readinto(self, buffer: Any) -> int:
        """What there is, so that what stands before a damage is read."""
        return self.readinto1(buffer)


class Tag(msgspec.Struct):
    """A line of which only the tag matters."""

    tag: object = None


_decode = msgspec.json.Decoder(Line).decode
_decode_tag = msgspec.json.Decoder(Tag).decode


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file, a pipe or standard input, its compression taken off, from its beginning."""
    try:
        once = sys.stdin.buffer if path == STDIN else path if Path(path).is_fifo() else None
        plain = Path(path).open("rb") if once is None else nullcontext(_copy(once))  # noqa: SIM115 (closed below)
    except OSError as fault:
        reason = f"cannot be opened: {fault.strerror}; name a trace file, or - for standard input"
        raise Malformed(path, 0, reason) from None
    with plain as file:
        head = _head(path, file)
        if head == _GZIP:
            with io.BufferedReader(_Unzipped(fileobj=file), _PIECE) as unzipped:
                yield cast("BinaryIO", unzipped)
        else:
            yield file


@cache
def _copy(source: str | BinaryIO) -> BinaryIO:
    """What standard input or a pipe says once, to be read as often as it takes."""
    copy = TemporaryFile()  # noqa: SIM115 (it lasts as long as the process)
    atexit.register(copy.close)
    with Path(source).open("rb") if isinstance(source, str) else nullcontext(source) as stream:
        shutil.copyfileobj(stream, copy)
    return cast("BinaryIO", copy)


def _head(path: str, file: BinaryIO) -> bytes:
    """The first bytes of a file."""
    try:
        file.seek(0)
        head = file.read(len(_GZIP))
    except OSError as fault:
        raise Malformed(path, 0, f"cannot be read: {fault.strerror}; name a trace file") from None
    file.seek(0)
    return head


def is_ours(file: BinaryIO) -> bool:
    """Whether our own servers wrote a trace; the file is at its beginning again afterwards."""
    try:
        found = any(OURS in line for _, line in zip(range(100), file, strict=False))
        file.seek(0)
    except (OSError, EOFError, zlib.error):
        return False
    return found


def placed(path: str, file: BinaryIO) -> Iterator[Placed]:
    """The events of a file, in file order."""
    number, found = 0, False
    try:
        for number, line in enumerate(file, 1):
            if line[:1] != b"{":
                line = line[line.find(b"{") :] if b"{" in line else b""
                if not line:
                    continue
            try:
                decoded = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
                _refuse(path, number, line, fault)
                continue
            if decoded.tag != "trace":
                continue
            event = decoded.event
            if event is None:
                raise Malformed(path, number, "a line with the tag trace has no event; is the line cut?")
            message = event.msg
            kind = message.type if message is not None else None
            if kind not in _CARRIED[event.name]:
                _refuse_message(path, number, event.name, kind)
            found = True
            yield Placed(path, number, event, decoded.ts)
    except (OSError, EOFError, zlib.error) as fault:
        raise Malformed(path, number + 1, f"the compressed file is damaged or cut: {fault}") from None
    if not found:
        raise Malformed(path, number, 'there is no event; expected lines with "tag":"trace" and an "event"')


def _refuse(path: str, number: int, line: bytes, fault: Exception) -> None:
    """Say what is wrong with a line, unless it is another log line that is no event."""
    try:
        tag = _decode_tag(line).tag
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        raise Malformed(path, number, f"no JSON: {broken}; is the line cut, or the file binary?") from None
    if tag == "trace":
        raise Malformed(path, number, f"no event of a trace: {fault}")


def _refuse_message(path: str, number: int, name: str, kind: str | None) -> None:
    allowed = sorted(KINDS.get(name, ()))
    wanted = f"carries {' or '.join(allowed)}" if allowed else "carries no message"
    raise Malformed(path, number, f"no event of a trace: {name} {wanted}, and this line has {kind or 'none'}")

"""Why a change goes unseen, a condition refuses nothing, or a field is not compared: in words, for the pages."""

from __future__ import annotations

from typing import Final

UNSEEN: Final = (
    ("double", "InitState", "a server may start twice before it does anything"),
    ("double", "BecomeFollower", "a pre-vote may have been refused, which is not logged"),
    ("drop", "ChangeConf", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("msg.type", "Send", "a leader may send another message of the same fields"),
    ("nid", "Ready", "another server in the same state may be ready, too"),
    ("name", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Ready", "a Ready without news changes nothing; `--strict` demands one between a message and its receipt"),
    ("drop", "Replicate", "an entry that is not logged may change no voter; `--strict` does not allow it"),
    ("drop", "Commit", "an attempt that commits nothing leaves no mark"),
    ("drop", "Send", "a message that is never received might not have been sent; a repeated one was sent before"),
    ("drop", "Receive", "an answer that tells nothing new leaves no mark"),
    ("drop", "ApplyConfChange", "a change that leaves the voters as they are may still be unapplied"),
    ("drop", "", "what shows the same as the line before it, or the last line of a server, leaves no mark"),
    ("double", "", "messages may be sent and received twice; a Ready and a refused proposal may come twice"),
    ("swap", "", "lines of different servers without a message between them may stand in any order"),
    ("msg.index", "Send", "a leader may send any part of its log; nobody received the message"),
    ("msg.logTerm", "Send", "see index"),
    ("msg.entries", "Send", "a leader may send fewer entries than it has, and a snapshot of any committed index"),
    (
        "msg.commit",
        "SendAppendEntriesRequest",
        "a heartbeat may tell less than is known; `--strict` demands exactly that",
    ),
    ("msg", "Receive", "an equal message was sent before, too; or it is an old one that is ignored either way"),
    ("msg.to", "Send", "a leader may send the same to another member"),
    ("role", "", "a follower may have become a pre-candidate, which is not logged"),
    ("name", "", "one of two Readys, or attempts to commit, more or less"),
    ("prop.cc", "ChangeConf", "the changed entry is never applied in the trace"),
    ("prop", "SendAppendEntriesRequest", "a leader that was removed has no progress of its own"),
    ("state", "", "the last line of a server, or one whose hidden cause is possible"),
    ("", "", "the change leads to another legal trace"),
)
"""Why a change may go unseen: the first that fits its kind and its event."""

UNREFUSED: Final[tuple[tuple[str, str], ...]] = ()
UNDECIDED: Final[tuple[tuple[str, str], ...]] = ()
UNCOMPARED: Final[tuple[tuple[str, str], ...]] = ()


def why_unseen(kind: str, event: str) -> str:
    """Why such a change may go unseen."""
    return next(text for k, e, text in UNSEEN if kind.startswith(k) and event.startswith(e))


def why_unrefused(clause: str) -> str:
    """Why a clause at which an action answers False refused no step of a changed trace."""
    return _first(UNREFUSED, clause)


def why_undecided(clause: str) -> str:
    """Why turning a clause round explained no changed trace."""
    return _first(UNDECIDED, clause)


def why_uncompared(name: str) -> str:
    """Why no change of a field was rejected at its line."""
    return _first(UNCOMPARED, name)


def _first(reasons: tuple[tuple[str, str], ...], name: str) -> str:
    return next((text for begin, text in reasons if name.startswith(begin)), "no changed trace reached it")

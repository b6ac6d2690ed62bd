"""Lines about reads: a run with reads is explained, and a change of any of its lines departs where it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import pytest

from raftproof.impl.core.observer import Trace
from raftproof.impl.sim import World, parse, plan
from raftproof.traces.conformance import follow
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.run import Run
from raftproof.traces.events import Event, Placed

Lines = list[dict[str, Any]]
Change = Callable[[Lines], int]
"""Changes lines, and answers where they depart."""


@cache
def recorded(seed: int = 0, faults: str = "none", steps: int = 1200) -> bytes:
    """The lines of a simulated run."""
    lines: Lines = []
    World(plan(seed, steps, parse(faults)), Trace(lines.append)).run()
    return msgspec.json.encode(lines)


def lines_of(seed: int = 0, faults: str = "none", steps: int = 1200) -> Lines:
    """The same, to be changed."""
    return msgspec.json.decode(recorded(seed, faults, steps), type=Lines)


def placed(lines: Lines) -> list[Placed]:
    """Lines as they are followed."""
    return [Placed("run", k, msgspec.convert(line, Event), float(k)) for k, line in enumerate(lines, start=1)]


def place(lines: Lines, name: str, which: int = 8, **has: str) -> int:
    """Where a line about reads stands; not among the first, so that everybody knows everybody."""
    found = [k for k, line in enumerate(lines) if line["name"] == name and is_about_reads(line, has.get("type", ""))]
    return found[which]


def is_about_reads(line: dict[str, Any], kind: str) -> bool:
    """Whether a line is about reads, and of a message of a kind if one is asked for."""
    is_kind = not kind or line["msg"]["type"] == kind
    return is_kind and bool(line["raftproof"].keys() & {"read", "round"})


def test_a_run_with_reads_is_explained_and_the_reads_are_in_it() -> None:
    lines = lines_of()
    names = [line["name"] for line in lines]
    assert min(names.count(name) for name in ("AskRead", "BeginRound", "AnswerRead", "SendReadIndexResponse")) > 10
    assert follow(placed(lines), strict=True).verdict == "accepted"


def test_rounds_overlap_and_each_is_followed_by_itself() -> None:
    run, overlapping = Run(strict=True), 0
    for item in placed(lines_of(4, "all", 3000)):
        run.follow([item])
        overlapping = max(overlapping, len(run.cluster.servers[item.event.nid].reads.rounds))
    assert overlapping > 2


def beyond(name: str, key: str, by: int, kind: str = "") -> Change:
    """One of the numbers beside a line's fields is another."""

    def change(lines: Lines) -> int:
        at = place(lines, name, type=kind)
        lines[at]["raftproof"][key] += by
        return at

    return change


def without(name: str, until: str) -> Change:
    """A line is not there; the next one of the same server that rests on it departs."""

    def change(lines: Lines) -> int:
        at = place(lines, name)
        nid, read = lines[at]["nid"], lines[at]["raftproof"].get("read")
        del lines[at]
        return next(
            k
            for k in range(at, len(lines))
            if lines[k]["name"] == until
            and lines[k]["nid"] == nid
            and lines[k]["raftproof"].get("read") in (read, None)
        )

    return change


def message(name: str, key: str, value: Any) -> Change:
    """A field of a message is another."""

    def change(lines: Lines) -> int:
        at = place(lines, name)
        lines[at]["msg"][key] = value(lines[at]) if callable(value) else value
        return at

    return change


def unconfirmed(lines: Lines) -> int:
    """From some place on a leader gets no answer that confirms a round, and answers a read all the same."""
    asked, lost = place(lines, "AskRead"), False
    nid = lines[asked]["nid"]
    for k in range(asked, len(lines)):
        line = lines[k]
        if line["nid"] == nid and line["name"] == "ReceiveAppendEntriesResponse":
            lost = line["raftproof"].pop("round", None) is not None or lost
        elif line["nid"] == nid and line["name"] in ("AnswerRead", "SendReadIndexResponse") and lost:
            return k
    raise AssertionError("no read is answered")


def by_a_follower(lines: Lines) -> int:
    """A follower takes a read upon itself."""
    at = place(lines, "SendReadIndexRequest")
    lines[at] = {**lines[at], "name": "AskRead"}
    del lines[at]["msg"]
    return at


def by_a_leader(lines: Lines) -> int:
    """A leader asks another."""
    at = place(lines, "AskRead")
    other = next(line["msg"] for line in lines if line["name"] == "SendReadIndexRequest")
    lines[at] = {**lines[at], "name": "SendReadIndexRequest", "msg": {**other, "from": lines[at]["nid"]}}
    return at


def begun_by_a_follower(lines: Lines) -> int:
    """A follower begins a round."""
    at = by_a_follower(lines)
    lines[at] = {**lines[at], "name": "BeginRound", "raftproof": {**lines[at]["raftproof"], "round": 1}}
    return at


def repeated_round(lines: Lines) -> int:
    """An answer repeats the round of a heartbeat that was answered before."""
    at = place(lines, "SendAppendEntriesResponse", type="MsgHeartbeatResp")
    nid = lines[at]["nid"]
    heard = max(k for k in range(at) if lines[k]["nid"] == nid and lines[k]["name"].startswith("Receive"))
    del lines[heard]["raftproof"]["round"]
    return at


def nameless(lines: Lines) -> int:
    """A line does not say which read it is about."""
    at = place(lines, "AskRead")
    del lines[at]["raftproof"]["read"]
    return at


def roundless(lines: Lines) -> int:
    """A round has no number."""
    at = place(lines, "BeginRound")
    del lines[at]["raftproof"]["round"]
    return at


def elsewhere(line: dict[str, Any]) -> str:
    """A server that is neither end of a message."""
    return min({"1", "2", "3"} - {line["msg"]["to"], line["msg"]["from"]})


CHANGES: dict[str, tuple[Change, str]] = {
    "no majority confirms it": (unconfirmed, "read_confirmed"),
    "no round begins": (without("BeginRound", "SendAppendEntriesRequest"), "read_confirmed"),
    "nobody asked": (without("AskRead", "AnswerRead"), "read_confirmed"),
    "a follower takes it": (by_a_follower, "read_confirmed"),
    "a leader hands it on": (by_a_leader, "read_confirmed"),
    "a follower begins a round": (begun_by_a_follower, "read_own_term"),
    "another read is answered": (beyond("AnswerRead", "read", 1000), "read_confirmed"),
    "a round is skipped": (beyond("BeginRound", "round", 1), "read_confirmed"),
    "the index is older": (beyond("AnswerRead", "index", -1), "ReadIndexCurrent"),
    "the index is newer": (beyond("AnswerRead", "index", 1), "ReadIndexCurrent"),
    "a follower gets another index": (message("SendReadIndexResponse", "index", 1), "ReadIndexCurrent"),
    "no leader is asked": (message("SendReadIndexRequest", "to", elsewhere), "read_confirmed"),
    "nobody has asked so": (message("ReceiveReadIndexRequest", "from", elsewhere), "network"),
    "nobody has answered so": (message("ReceiveReadIndexResponse", "index", 1), "network"),
    "a heartbeat has another round": (
        beyond("SendAppendEntriesRequest", "round", -1, "MsgHeartbeat"),
        "read_confirmed",
    ),
    "a heartbeat comes with another round": (
        beyond("ReceiveAppendEntriesRequest", "round", 9, "MsgHeartbeat"),
        "network",
    ),
    "an answer has another round": (
        beyond("SendAppendEntriesResponse", "round", -1, "MsgHeartbeatResp"),
        "read_confirmed",
    ),
    "an answer comes with another round": (
        beyond("ReceiveAppendEntriesResponse", "round", 9, "MsgHeartbeatResp"),
        "network",
    ),
    "an answer has a round that was not asked for": (repeated_round, "read_confirmed"),
    "a read has no name": (nameless, "read_confirmed"),
    "a round has no number": (roundless, "read_confirmed"),
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_a_changed_line_departs_where_it_is_changed_or_first_rested_on(what: str) -> None:
    change, rule = CHANGES[what]
    lines = lines_of()
    line = change(lines) + 1
    outcome = follow(placed(lines), strict=True)
    assert outcome.departure is not None
    assert (outcome.line, outcome.departure.rule) == (line, rule), outcome.explanation()
    assert outcome.departure.expected != outcome.departure.observed


def test_a_read_below_what_was_committed_is_a_fault_of_the_model_if_all_its_lines_are_explained() -> None:
    lines = lines_of()
    at = place(lines, "AnswerRead")
    run = Run(strict=True)
    items = placed(lines)
    run.follow(items[:at])
    reads = run.cluster.servers[lines[at]["nid"]].reads
    reads.rounds = [asked._replace(floor=asked.noted + 1) for asked in reads.rounds]
    with pytest.raises(Departure, match="were known to be committed when round") as caught:
        run.follow(items[at : at + 1])
    assert (caught.value.rule, caught.value.cause) == ("ReadIndexCurrent", "safety")


def test_a_refusal_of_the_model_names_its_condition() -> None:
    lines = lines_of()
    unconfirmed(lines)
    departure = follow(placed(lines), strict=True).departure
    assert departure is not None
    assert any("confirm_read" in condition or "is_majority" in condition for condition in departure.refused)

"""What every line is held against: the state that the server must be in, the message that must have been sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from raftproof.model.rules import Rule
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure, Unknown
from raftproof.traces.conformance.machine import bit
from raftproof.traces.conformance.membership import Configuration
from raftproof.traces.conformance.modes import has_pre_vote
from raftproof.traces.conformance.network import OF_OLD
from raftproof.traces.conformance.server import Server, show_configuration, shown
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import CANDIDATE, FOLLOWER, LEADER, NONE, PRE_CANDIDATE, Event, Message

ANSWERS: Final = frozenset({"MsgAppResp", "MsgVoteResp"})
"""Messages that promise something: they leave when what they promise is on disk."""
FIELD_RULES: Final = {
    "term": "increment_term",
    "vote": "vote_once",
    "commit": "commit_monotonic",
    "role": "quorum_majority",
    "log": "append_new_entries",
    "conf": "apply_change",
}
"""The rule that speaks of a field that changes for no reason."""
_OTHERWISE: Final = "followers_respond"
"""The rule that speaks of a field of which the rules of an answer say nothing."""


def same(s: Server, c: Cluster, e: Event, rules: Mapping[str, str] = FIELD_RULES) -> None:
    """The line shows the state that the server must be in."""
    state = e.state
    if (
        state.term != s.term
        or state.vote != s.vote
        or state.commit != s.commit
        or e.log != s.last
        or e.role != s.role
        or e.conf != s.conf
    ):
        _look_closer(s, c, e, rules)
    if e.raftproof is not None and e.raftproof.last_term not in (None, s.log[s.last] >> SHIFT):
        raise Departure(
            rules.get("log", "log_matching"),
            f"the last entry of server {s.nid} is of another term",
            {"last term": s.log[s.last] >> SHIFT},
            {"last term": e.raftproof.last_term},
        )


def idle(s: Server, c: Cluster, e: Event) -> None:
    """The line begins a step. Becoming a pre-candidate is not logged, and may have come before it (thesis §9.6)."""
    if e.role != s.role and e.role == PRE_CANDIDATE and s.role in (FOLLOWER, CANDIDATE):
        if s.conf is None:
            resolve(s, c, e)
        c.machine.set_modes(c.modes.allow(has_pre_vote), False)
        if not c.machine.act("pre_campaign", s.i, off=unsure_of_changes(s, c)):
            raise c.machine.refused(_no_pre_candidate(s, c))
        c.modes.demand(has_pre_vote, "quorum_majority", f"server {s.nid} is a pre-candidate, so pre-vote is on")
        c.pull(s)
        s.forget_election()
    same(s, c, e)


def unsure_of_changes(s: Server, c: Cluster) -> int:
    """The rule that is left out before a campaign where no change is sure to be committed that waits to be applied.

    Within a proposal of several entries a change may stand further behind than it is taken to.
    """
    return 0 if c.has_waiting_change(s) else bit(Rule.CHANGE_BEFORE_CAMPAIGN)


def _no_pre_candidate(s: Server, c: Cluster) -> Departure:
    """Why a server may not ask whether it could win."""
    said, values = f"server {s.nid} is a pre-candidate", ({"role": s.role}, {"role": PRE_CANDIDATE})
    if not s.configuration.votes(s.nid):
        voters = {"voters": s.shows()["conf"]}
        return Departure(
            "learner_no_vote", f"{said} and no voter of its configuration", voters, {"pre-candidate": s.nid}
        )
    if not c.modes.allow(has_pre_vote):
        return Departure("quorum_majority", f"{said}; but {c.modes.ruled_out('pre-vote is off')}", *values)
    return Departure("change_before_campaign", f"{said} before it stores a snapshot", *values)


def _look_closer(s: Server, c: Cluster, e: Event, rules: Mapping[str, str]) -> None:
    """The line shows something else, or which of several configurations is in force."""
    if s.conf is None:
        resolve(s, c, e)
    expected, observed = s.shows(), shown(e)
    differing = [name for name in expected if expected[name] != observed[name]]
    if differing:
        cuts_own_log = s.role == LEADER and differing[0] == "log" and e.log < s.last
        raise Departure(
            "leader_append_only" if cuts_own_log else rules.get(differing[0], _OTHERWISE),
            f"server {s.nid} shows another {' and '.join(differing)} than its last lines leave it in",
            {name: expected[name] for name in differing},
            {name: observed[name] for name in differing},
        )


def resolve(s: Server, c: Cluster, e: Event) -> None:
    """Of several configurations that may be in force, keep those that the line shows."""
    kept = [(k, conf) for k, conf in s.configurations if conf.shown == e.conf]
    if not kept:
        raise Departure(
            "apply_change",
            f"server {s.nid} is in no configuration that its changes of membership lead to",
            {"conf": s.shows()["conf"]},
            {"conf": show_configuration(e.conf)},
        )
    applied = s.configurations[0][0]
    if applied and all(k == applied for k, _ in s.configurations):
        c.enters(applied - 1, bool(kept[0][1].outgoing))
    s.configurations, s.conf = kept, e.conf
    c.settle(s)


def enter(s: Server, c: Cluster, configurations: list[tuple[int, Configuration]]) -> None:
    """One of some configurations is in force from now on; the next line shows which."""
    s.configurations = configurations
    shows = {conf.shown for _, conf in configurations}
    s.conf = shows.pop() if len(shows) == 1 else None
    if s.conf is not None:
        c.settle(s)


# --------------------------------------------------------------------------------------------------- messages


def expect(observed: Message | None, wanted: Message, rules: Mapping[str, str], why: str) -> None:
    """The line carries this very message."""
    if observed == wanted:
        return
    expected, seen = fields(wanted), fields(observed) if observed else {}
    differing = [name for name in expected if expected[name] != seen.get(name)]
    raise Departure(
        rules.get(differing[0], rules["message"]),
        f"{why}: the message differs in {', '.join(differing)}",
        {name: expected[name] for name in differing},
        {name: seen.get(name) for name in differing},
    )


def fields(message: Message) -> dict[str, Any]:
    """A message by the names that the line has."""
    return dict(msgspec.to_builtins(message))


def send(c: Cluster, s: Server, e: Event) -> None:
    """A message is sent; it leaves with the server's next Ready."""
    m = e.msg
    assert m is not None
    known = c.network.sent(m) if s.dead or m.dest == s.nid else None
    c.network.send(m, s.ready + 1, known is not None and (is_lost(s, known) or m.dest == s.nid))
    if e.raftproof is not None and e.raftproof.message is not None:
        c.network.number(m, e.raftproof.message)


def is_lost(s: Server, ready: int) -> bool:
    """Whether a Ready was lost by a restart."""
    return ready <= s.life and any(first <= ready <= last for first, last in s.dead)


def arrive(c: Cluster, s: Server, e: Event) -> Message:
    """A message is received: somebody sent it, to this server, and it could leave."""
    m = e.msg
    assert m is not None
    s.heard = m
    ready = c.network.sent(m) if m.dest == s.nid else None
    sender = c.servers.get(m.source)
    if sender is not None and ready is None and c.network.may_be_forgotten(m):
        if not c.is_without_effect(m, s):
            raise Unknown(f"{words(m)} was sent long ago, if at all: what would come of it is not known any more")
        return m
    if ready is None or sender is None:
        raise Departure(
            "network",
            f"server {s.nid} receives a message that nobody sent to it",
            {"sent": _nearest_sent(c, m)},
            {"received": words(m)},
            cause="missing",
        )
    if e.raftproof is not None and e.raftproof.message is not None:
        c.network.compare_number(m, e.raftproof.message)
    if ready == OF_OLD:
        return m
    if ready <= sender.life:
        _survives(c, s, sender, m, ready)
    elif ready > sender.ready and c.strict:
        raise Departure(
            "log_persisted",
            f"server {s.nid} receives a message before the Ready of server {sender.nid} that carries it",
            {"Ready before": "received"},
            {"received": words(m)},
        )
    else:
        sender.disk.persisted(ready, m.type in ANSWERS)
    return m


def _survives(c: Cluster, s: Server, sender: Server, m: Message, ready: int) -> None:
    """A message of an earlier life of its sender arrives."""
    if m.dest == m.source:
        raise Departure(
            "network",
            f"server {s.nid} receives a message to itself that it sent before it restarted",
            {"received": "nothing of an earlier life"},
            {"received": words(m)},
        )
    if is_lost(sender, ready):
        if m.type in ANSWERS:
            raise Departure(
                "log_persisted",
                f"server {sender.nid} restarted without what this answer promises, so that it never left",
                {"Ready of the message": "lost by the restart"},
                {"received": words(m)},
            )
        c.modes.asynchronous = True


def _nearest_sent(c: Cluster, m: Message) -> str:
    """What is likely meant by a message that nobody sent."""
    known = c.network.latest(m)
    return words(known) if known else "no such message"


def words(m: Message) -> str:
    """A message as people write it: MsgApp 1 → 2 in term 3 (entries 1, index 7, …)."""
    rest = [f"{name} {value}" for name, value in list(fields(m).items())[4:] if value and value != NONE]
    return f"{m.type} {m.source} → {m.dest} in term {m.term}" + (f" ({', '.join(rest)})" if rest else "")

"""Elections (§5.2, §5.4.1): who campaigns, who gets a vote, who wins. A function for each line that shows them."""

from __future__ import annotations

from typing import Final

from raftproof.model.deployed.state import PreVoteAnswer, RequestVote, Role
from raftproof.traces.conformance.checks import (
    FIELD_RULES,
    arrive,
    expect,
    idle,
    resolve,
    same,
    send,
    unsure_of_changes,
    words,
)
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.membership import by_number, has_won
from raftproof.traces.conformance.modes import has_check_quorum, has_pre_vote
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import CANDIDATE, FOLLOWER, LEADER, NONE, PRE_CANDIDATE, Event, Message

_FROM_LEADER = frozenset({"MsgApp", "MsgHeartbeat", "MsgSnap"})
_NEWER_TERM: Final = dict.fromkeys(FIELD_RULES, "higher_term_steps_down")
_SAME_TERM: Final = _NEWER_TERM | {"vote": "keep_vote_on_step_down"}

# --------------------------------------------------------------------------------------------------- campaigns


def become_candidate(c: Cluster, s: Server, e: Event) -> None:
    """An election timeout, a won pre-vote or TimeoutNow: the server votes for itself in the next term (§5.2)."""
    if s.conf is None:
        resolve(s, c, e)
    if not _campaigns(c, s):
        departure = Departure(*_why_no_campaign(c, s), {"candidate": "nobody"}, {"candidate": s.nid})
        raise c.machine.refused(departure) if s.role != PRE_CANDIDATE else departure
    c.pull(s)
    s.forget_election()
    c.enter_term(s)
    same(s, c, e)
    s.wanted.update(j for half in s.configuration.halves() for j in half)


def _campaigns(c: Cluster, s: Server) -> bool:
    """An election timeout; for a pre-candidate the answers to its pre-votes, which are not logged (thesis §9.6)."""
    machine = c.machine
    if s.role != PRE_CANDIDATE:
        machine.set_modes(False, False)
        return machine.act("campaign", s.i, off=unsure_of_changes(s, c))
    term = s.term + 1
    machine.act("count_own_pre_vote", s.i)
    for j in (j for j in s.configuration.all_voters() if j != s.nid):
        machine.deliver("receive_pre_vote_answer", PreVoteAnswer, (term, 0, machine.add(j), s.i))
    return machine.get(s.i, "current_term") == term


def _why_no_campaign(c: Cluster, s: Server) -> tuple[str, str]:
    """The rule by which a server may not campaign."""
    if s.role == LEADER:
        return "election_timeout", "a leader does not campaign"
    if not s.configuration.votes(s.nid):
        return "learner_no_vote", f"server {s.nid} campaigns and is no voter of its configuration {s.shows()['conf']}"
    return (
        "change_before_campaign",
        f"server {s.nid} campaigns before it applies a committed change, or stores a snapshot",
    )


def send_vote_request(c: Cluster, s: Server, e: Event) -> None:
    """A new candidate asks every other voter (§5.2)."""
    same(s, c, e)
    m = e.msg
    assert m is not None
    may_ask = c.machine.act("request_vote", s.i, c.machine.add(m.dest))
    if not may_ask or m.dest not in s.wanted:
        departure = Departure(
            "request_votes" if s.configuration.votes(m.dest) else "learner_no_vote",
            f"server {s.nid} asks {m.dest} for its vote, whom it has not to ask now",
            {"to": " or ".join(sorted(s.wanted - {s.nid}, key=by_number)) or "nobody"},
            {"to": m.dest},
        )
        raise departure if may_ask else c.machine.refused(departure)
    _, _, term, index, log_term, *_ = c.machine.sent()
    wanted = Message("MsgVote", term, s.nid, m.dest, 0, log_term, index, 0, NONE, False, 0)
    expect(m, wanted, {"message": "request_votes"}, f"candidate {s.nid} asks with its term and its last entry")
    s.wanted.discard(m.dest)
    send(c, s, e)


def send_vote_answer(c: Cluster, s: Server, e: Event) -> None:
    """A new candidate grants its own vote, by a message to itself."""
    same(s, c, e)
    if s.nid not in s.wanted:
        raise Departure(
            "followers_respond",
            f"server {s.nid} answers a request for its vote, and has none to answer",
            {"answer": "none"},
            {"answer": words(e.msg) if e.msg else "none"},
            cause="missing",
        )
    wanted = Message("MsgVoteResp", s.term, s.nid, s.nid, 0, 0, 0, 0, NONE, False, 0)
    expect(e.msg, wanted, {"message": "vote_for_self"}, f"candidate {s.nid} votes for itself")
    s.wanted.discard(s.nid)
    send(c, s, e)


# --------------------------------------------------------------------------------------------------- a vote


def receive_vote_request(c: Cluster, s: Server, e: Event) -> None:
    """A request of an older term is not answered; one of a newer term is taken, unless a lease holds."""
    idle(s, c, e)
    m = arrive(c, s, e)
    answer = Owed("SendRequestVoteResponse", answer_vote, m)
    if m.term > s.term:
        s.owed = [Owed("BecomeFollower", take_term, m, ignore_under_lease), answer]
        return
    s.answer = c.machine.receive(m)
    if s.answer is not None:
        s.owed = [answer]


def ignore_under_lease(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """With check-quorum, a server that heard of a leader a while ago takes no part in an election (thesis §6.2)."""
    m = owed.message
    assert m is not None
    said, machine = f"server {s.nid} ignores {words(m)}", c.machine
    request = (m.term, m.index, m.log_term, machine.add(m.source), s.i)
    machine.set_modes(False, c.modes.allow(has_check_quorum))
    if not machine.deliver("ignore_under_lease", RequestVote, request):
        raise machine.refused(
            Departure(
                "higher_term_steps_down",
                f"{said}, a newer term than its own, and "
                + ("knows no leader to keep to" if s.leader == NONE else c.modes.ruled_out("check-quorum is off")),
                {"term": m.term, "role": FOLLOWER},
                {"term": e.state.term, "role": e.role},
            )
        )
    c.modes.demand(has_check_quorum, "higher_term_steps_down", f"{said}, so that check-quorum is on")
    s.owed = []


def take_term(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A newer term makes its receiver a follower (§5.1); a candidate follows the leader of its own term (§5.2)."""
    m = owed.message
    assert m is not None
    if e.state.term != m.term and owed.instead is not None:
        owed.instead(c, s, e, owed)
        become_follower(c, s, e)
        return
    is_newer = m.term > s.term
    if is_newer and m.type in ("MsgVote", "MsgVoteResp", "MsgAppResp", "MsgHeartbeatResp"):
        s.answer = c.machine.receive(m)
        c.pull(s)
        s.vote = NONE  # of the new term; one that is granted shows after the answer
    elif m.type in _FROM_LEADER:
        s.vote = s.vote if m.term == s.term else NONE
        s.term, s.role, s.leader = m.term, FOLLOWER, m.source  # as the answer, which is next, will leave it
    else:
        c.pull(s)
    s.forget_election()
    c.enter_term(s)
    same(s, c, e, _NEWER_TERM if is_newer else _SAME_TERM)


def answer_vote(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """Grant or refuse; the line shows the vote as it was before (Figure 2, RequestVote)."""
    same(s, c, e)
    m = owed.message
    assert m is not None
    answer = s.answer
    assert answer is not None
    grant = not answer.reject
    wanted = Message("MsgVoteResp", answer.term, s.nid, m.source, 0, 0, 0, 0, NONE, not grant, 0)
    if e.msg != wanted:
        expect(e.msg, wanted, *_why_not(s, m, grant))
    send(c, s, e)
    c.pull(s)


def _why_not(s: Server, m: Message, grant: bool) -> tuple[dict[str, str], str]:
    """The rule that decides about a vote, with its values."""
    rule, why = _about_vote(s, m, grant)
    return {"message": rule}, why


def _about_vote(s: Server, m: Message, grant: bool) -> tuple[str, str]:
    mine = (s.log[s.last] >> SHIFT, s.last)
    if not grant and (m.log_term, m.index) < mine:
        rule = "last_term_first" if m.index > s.last else "log_up_to_date"
        return rule, (
            f"the candidate's last entry (term {m.log_term}, index {m.index}) is behind that of server {s.nid} "
            f"(term {mine[0]}, index {mine[1]})"
        )
    if not grant:
        known = f"voted for {s.vote} in term {s.term}" if s.vote != NONE else f"knows {s.leader} to lead term {s.term}"
        return "vote_once", f"server {s.nid} {known}"
    return "followers_respond", f"server {s.nid} is free to vote, and the candidate's log is up to date"


# --------------------------------------------------------------------------------------------------- the outcome


def receive_vote_answer(c: Cluster, s: Server, e: Event) -> None:
    """A candidate counts the first answer of each voter; answers of an older term do not count (§5.2)."""
    idle(s, c, e)
    m = arrive(c, s, e)
    if m.term > s.term:
        s.owed = [Owed("BecomeFollower", take_term, m)]
        return
    if m.term < s.term and s.role == CANDIDATE and not m.reject:
        s.late.add(m.source)
    elif s.role == CANDIDATE and m.source not in s.refused and not m.reject:
        s.granted.add(m.source)
    elif s.role == CANDIDATE and m.source not in s.granted:
        s.refused.add(m.source)
    c.machine.receive(m)
    role = c.machine.get(s.i, "role")
    if role == Role.LEADER and s.role == CANDIDATE:
        s.owed = [Owed("BecomeLeader", win, m)]
    elif role == Role.FOLLOWER and s.role == CANDIDATE:
        s.owed = [Owed("BecomeFollower", take_term, m)]


def win(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The votes of a majority make a leader, which begins its term with an empty entry (§5.2, §8)."""
    c.pull(s)
    s.forget_election()
    s.low, s.denied = {s.nid: s.last}, {}
    same(s, c, e)
    c.lead(s)
    s.owed = [Owed("Replicate", begin_term)]


def begin_term(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The empty entry of the term, which the model has appended with the election."""
    same(s, c, e)
    s.batch.append(None)


def become_leader(c: Cluster, s: Server, e: Event) -> None:
    """Nobody leads without the votes of a majority in this term."""
    halves = " and of ".join("{" + ", ".join(half) + "}" for half in s.configuration.halves())
    rule, why = "quorum_majority", ""
    if has_won(s.configuration, s.granted | s.late):
        rule, why = (
            "reply_term",
            f"; older votes, of {', '.join(sorted(s.late, key=by_number))}, do not count",
        )
    elif has_won(s.configuration._replace(outgoing=()), s.granted):
        rule = "joint_majorities"
    raise Departure(
        rule,
        f"server {s.nid} becomes leader of term {e.state.term} without the votes of a majority of {halves} in it{why}",
        {"votes": f"a majority of {halves}"},
        {"votes": "of " + (", ".join(sorted(s.granted, key=by_number)) or "nobody")},
    )


def become_follower(c: Cluster, s: Server, e: Event) -> None:
    """A server follows without a logged cause: a message that is not logged had a newer term, or it gave up.

    A newer term must be one that another server was in. Within a term a leader steps down with check-quorum, or when it
    is no member any more; a pre-candidate whose pre-vote is refused follows again.
    """
    term = e.state.term
    if s.conf is None:
        resolve(s, c, e)
    if term > s.term:
        if not c.may_be_of(term, s.nid):
            raise Departure(
                "increment_term",
                f"server {s.nid} takes term {term}, in which no other server was",
                {"term": s.term},
                {"term": term},
            )
    elif s.role == LEADER:
        _step_down(c, s)
    elif term == s.term:
        said = f"server {s.nid} follows anew within its term"
        c.modes.demand(has_pre_vote, "yield_to_leader", f"{said}, so that it was a pre-candidate and pre-vote is on")
    _follow_nobody(c, s, max(term, s.term))
    c.enter_term(s)
    same(s, c, e)


def _step_down(c: Cluster, s: Server) -> None:
    """A leader steps down within its term: with check-quorum, or since it votes no more (§6)."""
    said = f"leader {s.nid} steps down within its term"
    c.machine.set_modes(False, c.modes.allow(has_check_quorum))
    if not c.machine.act("step_down", s.i):
        why = f"{said}; but {c.modes.ruled_out('check-quorum is off')}"
        raise c.machine.refused(Departure("quorum_majority", why, {"role": LEADER}, {"role": FOLLOWER}))
    if s.configuration.votes(s.nid):
        c.modes.demand(has_check_quorum, "quorum_majority", f"{said}, so that check-quorum is on")


def _follow_nobody(c: Cluster, s: Server, term: int) -> None:
    """The step that no line shows: a message of a newer term, or a refused pre-vote."""
    machine = c.machine
    if term > s.term:
        machine.deliver("receive_pre_vote_answer", PreVoteAnswer, (term, 1, c.someone_of(term, s.nid), s.i))
    elif s.role != LEADER:
        machine.set_modes(True, False)
        if s.role != PRE_CANDIDATE:
            machine.act("pre_campaign", s.i, off=unsure_of_changes(s, c))
        for j in s.configuration.all_voters():
            machine.deliver("receive_pre_vote_answer", PreVoteAnswer, (term, 1, machine.add(j), s.i))
    c.pull(s)
    s.forget_election()

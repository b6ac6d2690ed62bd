"""Elections (§5.2, §5.4.1): who campaigns, who gets a vote, who wins. A function for each line that a trace shows of them."""

from __future__ import annotations

from raftproof.traces.conformance.checks import arrive, expect, idle, same, send, words
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure
from raftproof.traces.conformance.membership import has_lost, has_won
from raftproof.traces.conformance.modes import has_check_quorum, has_pre_vote
from raftproof.traces.conformance.server import Owed, Server
from raftproof.traces.conformance.storage import SHIFT
from raftproof.traces.events import CANDIDATE, LEADER, NONE, Event, Message

# --------------------------------------------------------------------------------------------------- campaigns


def become_candidate(c: Cluster, s: Server, e: Event) -> None:
    """An election timeout, a won pre-vote or TimeoutNow: the server votes for itself in the next term (§5.2)."""
    if s.role == LEADER:
        raise Departure("election_timeout", "a leader does not campaign", {"role": "no leader"}, {"role": s.role})
    if not any(conf.votes(s.nid) for _, conf in s.configurations):
        raise Departure(
            "learner_no_vote",
            f"server {s.nid} campaigns and is no voter of its configuration",
            {"voters": s.shows()["conf"]},
            {"candidate": s.nid},
        )
    if not c.modes.allow(has_pre_vote) and all(_waits_for_change(c, s, k) for k, _ in s.configurations):
        raise Departure(
            "change_before_campaign",
            f"server {s.nid} campaigns before it applies a committed change of membership",
            {"applied": "every committed change"},
            {"commit": s.commit},
        )
    s.follow(s.term + 1, NONE)
    s.role, s.vote = CANDIDATE, s.nid
    c.enter_term(s)
    same(s, c, e)
    s.wanted.update(j for half in s.configuration.halves() for j in half)


def _waits_for_change(c: Cluster, s: Server, applied: int) -> bool:
    """Whether a logged change of membership is committed and not applied."""
    index = c.changed_at[applied] if applied < len(c.changed_at) else s.last + 1
    return index <= s.commit and bool(c.changes_of(s.log[index]))


def send_vote_request(c: Cluster, s: Server, e: Event) -> None:
    """A new candidate asks every other voter (§5.2)."""
    same(s, c, e)
    m = e.msg
    assert m is not None
    if m.dest not in s.wanted or m.dest == s.nid:
        raise Departure(
            "request_votes",
            f"server {s.nid} asks {m.dest} for its vote, whom it has not to ask now",
            {"to": " or ".join(sorted(s.wanted - {s.nid}, key=int)) or "nobody"},
            {"to": m.dest},
        )
    wanted = Message("MsgVote", s.term, s.nid, m.dest, 0, s.log[s.last] >> SHIFT, s.last, 0, NONE, False, 0)
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
    elif m.term == s.term:
        s.owed = [answer]


def ignore_under_lease(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """With check-quorum, a server that heard of a leader a short while ago takes no part in an election (thesis §6.2)."""
    m = owed.message
    assert m is not None
    said = f"server {s.nid} ignores {words(m)}"
    if s.leader == NONE:
        raise Departure(
            "higher_term_steps_down",
            f"{said}, a newer term than its own, and knows no leader to keep to",
            {"term": m.term, "role": "StateFollower"},
            {"term": e.state.term, "role": e.role},
        )
    c.modes.demand(has_check_quorum, "higher_term_steps_down", f"{said}, so that check-quorum is on")
    s.owed = []


def take_term(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A newer term makes its receiver a follower (§5.1); a candidate follows the leader of its own term (§5.2)."""
    m = owed.message
    assert m is not None
    from_leader = m.type in ("MsgApp", "MsgHeartbeat", "MsgSnap")
    if e.state.term != m.term and owed.instead is not None:
        owed.instead(c, s, e, owed)
        become_follower(c, s, e)
        return
    s.follow(m.term, m.source if from_leader else NONE)
    c.enter_term(s)
    same(s, c, e, {name: "higher_term_steps_down" for name in s.shows()})


def answer_vote(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """Grant or refuse; the line shows the vote as it was before (Figure 2, RequestVote)."""
    same(s, c, e)
    m = owed.message
    assert m is not None
    last_term = s.log[s.last] >> SHIFT
    is_free = s.vote == m.source or (s.vote == NONE and s.leader == NONE)
    up_to_date = m.log_term > last_term or (m.log_term == last_term and m.index >= s.last)
    grant = is_free and up_to_date
    wanted = Message("MsgVoteResp", m.term if grant else s.term, s.nid, m.source, 0, 0, 0, 0, NONE, not grant, 0)
    if e.msg != wanted:
        rule, why = _why_not(s, m, is_free, up_to_date)
        expect(e.msg, wanted, {"message": rule}, why)
    send(c, s, e)
    if grant:
        s.vote = m.source


def _why_not(s: Server, m: Message, is_free: bool, up_to_date: bool) -> tuple[str, str]:
    """The rule that decides about a vote, with its values."""
    if not up_to_date:
        mine = (s.log[s.last] >> SHIFT, s.last)
        rule = "last_term_first" if m.index > s.last else "log_up_to_date"
        return rule, (
            f"the candidate's last entry (term {m.log_term}, index {m.index}) is behind that of server {s.nid} "
            f"(term {mine[0]}, index {mine[1]})"
        )
    if not is_free:
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
    elif m.term == s.term and s.role == CANDIDATE:
        if m.source not in s.granted and m.source not in s.refused:
            (s.refused if m.reject else s.granted).add(m.source)
        if has_won(s.configuration, s.granted):
            s.owed = [Owed("BecomeLeader", win, m)]
        elif has_lost(s.configuration, s.refused):
            s.owed = [Owed("BecomeFollower", take_term, m)]
    elif s.role == CANDIDATE and not m.reject:
        s.late.add(m.source)


def win(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The votes of a majority make a leader, which begins its term with an empty entry (§5.2, §8)."""
    s.follow(s.term, s.nid)
    s.role = LEADER
    s.match[s.nid] = s.low[s.nid] = s.pending = s.last
    same(s, c, e)
    c.lead(s)
    from raftproof.traces.conformance.replication import replicate

    s.owed = [Owed("Replicate", lambda c, s, e, _: replicate(c, s, e))]


def become_leader(c: Cluster, s: Server, e: Event) -> None:
    """Nobody leads without the votes of a majority in this term."""
    halves = " and of ".join("{" + ", ".join(half) + "}" for half in s.configuration.halves())
    rule, why = "quorum_majority", ""
    if has_won(s.configuration, s.granted | s.late):
        rule, why = "reply_term", f"; votes of an older term, of {', '.join(sorted(s.late, key=int))}, do not count"
    elif has_won(s.configuration._replace(outgoing=()), s.granted):
        rule = "joint_majorities"
    raise Departure(
        rule,
        f"server {s.nid} becomes leader of term {e.state.term} without the votes of a majority of {halves} in it{why}",
        {"votes": f"a majority of {halves}"},
        {"votes": "of " + (", ".join(sorted(s.granted, key=int)) or "nobody")},
    )


def become_follower(c: Cluster, s: Server, e: Event) -> None:
    """A server follows without a logged cause: a message that is not logged had a newer term, or it gave up.

    A newer term must be one that another server was in. Within a term a leader steps down with check-quorum, or when it is
    no member any more; a pre-candidate whose pre-vote is refused follows again.
    """
    term = e.state.term
    if term > s.term:
        if not c.may_be_of(term, s.nid):
            raise Departure(
                "increment_term",
                f"server {s.nid} takes term {term}, in which no other server was",
                {"term": s.term},
                {"term": term},
            )
    elif s.role == LEADER:
        if s.configuration.may_hold(s.nid):
            said = f"leader {s.nid} steps down within its term"
            c.modes.demand(has_check_quorum, "quorum_majority", f"{said}, so that check-quorum is on")
    elif term == s.term:
        said = f"server {s.nid} follows anew within its term"
        c.modes.demand(has_pre_vote, "yield_to_leader", f"{said}, so that it was a pre-candidate and pre-vote is on")
    s.follow(max(term, s.term), NONE)
    c.enter_term(s)
    same(s, c, e)

"""Rules made wrong, one at a time: what a server would do without the rule, said in the proof's own words.

The names are the gallery's where the protocol that is proved has the rule. It has none for what lies outside it:
`vote_persisted` (a vote is its own record here, so a forgotten one is `vote_once`), `match_monotonic` (acknowledgments
are a set), `commit_monotonic` (a commit index may fall here, and does no harm), `keep_vote_on_step_down` (it does
none). Any guard can be switched off by its own name too: `GrantVote.vote_once`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from raftproof.checker.names import perhaps
from raftproof.checker.proof.finite import Instance
from raftproof.checker.proof.logic import Formula, every, implies, some
from raftproof.checker.proof.theory import Action, Step, Theory, UnknownName, action
from raftproof.model.proof import RAFT, protocol
from raftproof.model.proof.instances import GROWING, instance
from raftproof.model.proof.vocabulary import Index, Message, Quorum, Raft, Server, Term


@dataclass(frozen=True)
class WrongRule:
    """A rule, what is done without it, and the theory that has it so."""

    name: str
    sentence: str
    paper: str
    change: Callable[[Theory[Raft]], Theory[Raft]]
    instances: Sequence[Instance] = GROWING


def _without(*guards: str) -> Callable[[Theory[Raft]], Theory[Raft]]:
    def change(theory: Theory[Raft]) -> Theory[Raft]:
        for name in guards:
            theory = theory.without_guard(*name.split("."))
        return theory

    return change


def _instead(wrong: Action) -> Callable[[Theory[Raft]], Theory[Raft]]:
    return lambda theory: theory.with_action(wrong)


def _changed(step: Step, **when: Formula) -> Step:
    return replace(step, when={**step.when, **when})


@action("§5.4.1")
def GrantVote(s: Raft, n: Server, t: Term, c: Server, i: Index, a: Term, my_i: Index, my_a: Term) -> Step:
    """Server n votes for the longer log; the last entry's term decides only between logs of one length."""
    step = protocol.GrantVote.rule(s, n, t, c, i, a, my_i, my_a)
    longer = (my_i < i) | ((my_i == i) & (my_a <= a))
    return _changed(step, log_up_to_date=longer)


@action("§5.1, §5.2")
def BecomeLeader(s: Raft, n: Server, t: Term, q: Quorum, i: Index, u: Term) -> Step:
    """Candidate n counts votes that it was given in its term t or in another term u."""
    step = protocol.BecomeLeader.rule(s, n, t, q, i)
    votes = every(Server, lambda v: implies(s.member(v, q), s.voted(v, t, n) | s.voted(v, u, n)))
    return _changed(step, votes_of_quorum=votes)


@action("§5.4.2, Figure 8")
def LeaderCommit(s: Raft, n: Server, t: Term, i: Index, q: Quorum) -> Step:
    """Leader n commits any entry of its log that a quorum stores, whatever its term."""
    step = protocol.LeaderCommit.rule(s, n, t, i, q)
    return _changed(step, commit_own_term=some(Term, lambda a: s.entry(n, i, a)))


@action("§5.3")
def Acknowledge(s: Raft, n: Server, t: Term, m: Message) -> Step:
    """Server n acknowledges its whole log, and not only what it compared with the message."""
    step = protocol.Acknowledge.rule(s, n, t, m)
    whole = s.acked.becomes(lambda x, a, j: s.acked(x, a, j) | ((x == n) & (a == t) & s.has(n, j)))
    return replace(step, then=[whole, *(u for u in step.then if u.symbol.name != "acked")])


@action("§5.3; Figure 2, AppendEntries RPC, receiver 5")
def _CommitAll(s: Raft, n: Server, t: Term, m: Message) -> Step:
    """Server n commits up to leader_commit, though its log may not go that far yet, or not agree there."""
    step = protocol.Acknowledge.rule(s, n, t, m)
    beyond = s.committed.becomes(lambda x, j: s.committed(x, j) | ((x == n) & (j <= s.leader_commit(m))))
    return replace(step, then=[beyond, *(u for u in step.then if u.symbol.name != "committed")])


@action("§5; Figure 2, State: currentTerm is persistent")
def Restart(s: Raft, n: Server, t: Term, u: Term) -> Step:
    """Server n forgets its term t when it restarts, and finds itself in an earlier term u."""
    step = protocol.Restart.rule(s, n)
    return Step({"in_term": s.current(n, t), "earlier": u < t}, [*protocol.enter_term(s, n, u), *step.then])


_COMMIT_ALL = replace(_CommitAll, name="Acknowledge")
_HALF = tuple(
    instance(servers, terms, indexes, quorum_size=servers // 2)
    for servers, terms, indexes in ((2, 2, 2), (2, 3, 2), (2, 3, 3))
)

WRONG_RULES = (
    WrongRule(
        "quorum_majority",
        "Half of the servers are a quorum, so two quorums may share no server.",
        "§5.2",
        lambda theory: theory.without_axiom("quorum_majority"),
        _HALF,
    ),
    WrongRule("vote_once", "A server may vote twice in a term.", "§5.2", _without("GrantVote.vote_once")),
    WrongRule("reply_term", BecomeLeader.sentence, BecomeLeader.paper, _instead(BecomeLeader)),
    WrongRule("term_persisted", Restart.sentence, Restart.paper, _instead(Restart)),
    WrongRule(
        "log_persisted",
        "A crash may take entries that the server has acknowledged.",
        "§5; Figure 2, State: log[] is persistent",
        _without("Lose.log_persisted"),
    ),
    WrongRule(
        "log_up_to_date",
        "A server votes for a candidate whatever the candidate's log.",
        "§5.4.1",
        _without("GrantVote.log_up_to_date"),
    ),
    WrongRule("last_term_first", GrantVote.sentence, GrantVote.paper, _instead(GrantVote)),
    WrongRule(
        "previous_entry",
        "A server takes new entries though its log has not the entry before them.",
        "§5.3",
        _without("Truncate.previous_entry", "Append.previous_entry", "Acknowledge.previous_entry"),
    ),
    WrongRule(
        "refuse_stale",
        "A server takes an append of an older term for one of its own.",
        "§5.1; Figure 2, AppendEntries RPC, receiver 1",
        _without("Truncate.refuse_stale", "Append.refuse_stale", "Acknowledge.refuse_stale"),
    ),
    WrongRule(
        "truncate_on_conflict",
        "A server cuts its log at any new entry, though nothing conflicts.",
        "§5.3; Figure 2, AppendEntries RPC, receiver 3",
        _without("Truncate.truncate_on_conflict"),
    ),
    WrongRule("ack_matched_only", Acknowledge.sentence, Acknowledge.paper, _instead(Acknowledge)),
    WrongRule(
        "refusal_no_match",
        "A leader takes a refusal for an acknowledgment.",
        "§5.3",
        _without("Acknowledge.previous_entry", "Acknowledge.stores_last", "Acknowledge.stores_all"),
    ),
    WrongRule("commit_own_term", LeaderCommit.sentence, LeaderCommit.paper, _instead(LeaderCommit)),
    WrongRule("commit_last_new", _CommitAll.sentence, _CommitAll.paper, _instead(_COMMIT_ALL)),
)


def rule(name: str) -> WrongRule:
    """The wrong rule of this name; a guard, as Action.guard, is one too."""
    for wrong in WRONG_RULES:
        if wrong.name == name:
            return wrong
    if tuple(name.split(".")) in RAFT.guards():
        switched_off, guard = name.split(".")
        sentence = f"{switched_off} does not ask for {guard}."
        return WrongRule(name, sentence, RAFT.action(switched_off).paper, _without(name))
    known = [wrong.name for wrong in WRONG_RULES]
    guards = [".".join(guard) for guard in RAFT.guards()]
    more = "and any guard, as in GrantVote.vote_once"
    raise UnknownName(f"{name}: no such rule{perhaps(name, [*known, *guards])}; there are {', '.join(known)}, {more}")


__all__ = ["WRONG_RULES", "WrongRule", "rule"]

"""States that were explored (of `abstract`, of `loose`), read as states of the proof; any number of them at once.

What a model does not keep, since no server needs it, is filled in here: the ghosts whose existence the lemmas speak of.
Who elected the leader of a term is the first quorum that voted for it, but for voters that came later; who stores what
it committed, the first quorum that acknowledged it; and a commit index rests on the first term whose leader committed
so far. In a correct protocol any choice will do. A model's first value is nil: a client may ask for that, too.

    python -m raftproof.model.proof.explored [RULE …]       every claim in every state of `abstract`, without some rules
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, combinations_with_replacement, product
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raftproof.checker.explore.columns import LENGTH, Column, Columns
from raftproof.checker.language import Layout
from raftproof.checker.proof.finite import Instance, State, fixed_tables
from raftproof.checker.proof.many import bit_of, failing, pick_of_column
from raftproof.checker.proof.theory import Lemma
from raftproof.model.proof import RAFT
from raftproof.model.proof.vocabulary import Index, Message, Quorum, Server, Term, Value
from raftproof.model.vocabulary import Role

Mask: TypeAlias = Any
"""Of each state, whether it is so: an array of truth values (NumPy gives what comparing arrays returns no type)."""
CLAIMS = (*RAFT.lemmas, *RAFT.goals, *RAFT.witnesses)
"""What is proved of every state."""
AT_ONCE = 1 << 16
"""States that are read together: few enough to stay in a processor's cache."""


class Append(NamedTuple):
    """The contents of an AppendEntries request."""

    source: int
    term: int
    prev: int
    prev_term: int
    entries: tuple[tuple[int, int], ...]
    """Term and value of each new entry."""
    commit: int
    basis: int

    @property
    def last(self) -> int:
        """The index of the last new entry."""
        return self.prev + len(self.entries)


def appends(servers: int, terms: int, indexes: int, values: int) -> Iterator[Append]:
    """Every request that could be written down: terms in it rise, up to its own, and so does what it rests on."""
    for source, term, prev in product(range(servers), range(1, terms), range(indexes)):
        for last in range(prev, indexes):
            known = 1 if prev else 0
            for in_order in combinations_with_replacement(range(1, term + 1), known + last - prev):
                prev_term, new = (in_order[0], in_order[1:]) if prev else (0, in_order)
                for chosen in product(range(values), repeat=len(new)):
                    for commit, basis in product(range(indexes), range(term + 1)):
                        entries = tuple(zip(new, chosen, strict=True))
                        yield Append(source, term, prev, prev_term, entries, commit, basis)


class Reading:
    """How states of one layout are read."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        bounds = layout.bounds
        self.servers = range(bounds["servers"])
        self.terms, self.indexes = range(bounds["max_term"] + 1), range(bounds["max_log"] + 1)
        sizes = len(self.servers), len(self.terms), len(self.indexes), bounds["values"]
        self.quorums = [set(q) for q in combinations(self.servers, len(self.servers) // 2 + 1)]
        self.messages = list(appends(*sizes))
        counts = dict(zip((Server, Term, Index, Value), sizes, strict=True))
        self.instance = Instance(
            {**counts, Quorum: len(self.quorums), Message: len(self.messages)},
            {"member": lambda n, q: n in self.quorums[q], **_contents(self.messages)},
        )

    def states(self, words: NDArray[np.uint64]) -> State:
        """The states of these words as one: each bit is one for every state. Of one state, all is known."""
        return _Tables(self, Columns(self.layout, words)).state()


def failures(reading: Reading, words: NDArray[np.uint64], claims: Sequence[Lemma] = CLAIMS) -> dict[str, int]:
    """Of each claim, in how many of the states it fails."""
    rows = words.reshape(-1, reading.layout.words)
    counts = dict.fromkeys((claim.name for claim in claims), 0)
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        state = reading.states(some)
        for claim in claims:
            counts[claim.name] += len(failing(RAFT, claim, state, len(some)))
    return counts


def _contents(messages: list[Append]) -> dict[str, Callable[..., Any]]:
    def entry(m: int, i: int) -> tuple[int, int]:
        place = i - messages[m].prev - 1
        return messages[m].entries[place] if 0 <= place < len(messages[m].entries) else (-1, 0)

    return {
        "source": lambda m: messages[m].source,
        "term_of": lambda m: messages[m].term,
        "prev_log_index": lambda m: messages[m].prev,
        "prev_log_term": lambda m: messages[m].prev_term,
        "last_index": lambda m: messages[m].last,
        "leader_commit": lambda m: messages[m].commit,
        "carries": lambda m, i, a: entry(m, i)[0] == a,
        "carried": lambda m, i: entry(m, i)[1],
        "commit_basis": lambda m: messages[m].basis,
    }


class _Tables:
    """The tables of some states. A relation is a method of its name that says of which of the states it holds; a
    function's method says, for each state, which member it gives."""

    def __init__(self, reading: Reading, columns: Columns) -> None:
        self._reading, self._of = reading, columns
        servers, terms = reading.servers, reading.terms
        self._term = [columns("current_term", n) for n in servers]
        self._role = [columns("role", n) for n in servers]
        self._length = [columns("log", n, LENGTH) for n in servers]
        self._commit = [columns("commit_index", n) for n in servers]
        self._stored = [[columns("acked", n, t) for t in terms] for n in servers]
        self._leader = [columns("leader", t) for t in terms]
        self._term_length = [columns("term_log", t, LENGTH) for t in terms]
        self._mark = [columns("commit_mark", t) for t in terms]
        self._basis = [self._resting_on(np.full(len(columns), i)) for i in reading.indexes]
        self._votes = [[[columns("voted", n, t, c) == 1 for c in servers] for t in terms] for n in servers]

    def state(self) -> State:
        """One state of the theory, of as many states as there are rows."""
        instance, tables = self._reading.instance, fixed_tables(RAFT, self._reading.instance)
        for name, entry in RAFT.vocabulary.declared().items():
            if name not in tables:
                rule, gives = getattr(self, name), entry.symbol.gives
                keys = instance.keys(entry.symbol)
                if gives is None:
                    tables[name] = {key: bit_of(rule(*key)) for key in keys}
                else:
                    tables[name] = {key: pick_of_column(rule(*key), instance.sizes[gives]) for key in keys}
        return State(instance, tables)

    def _resting_on(self, commit: Column) -> Column:
        """The first term whose leader committed so far."""
        basis = np.zeros(len(self._of), np.int64)
        for t in reversed(self._reading.terms):
            basis = np.where(self._mark[t] >= commit, t, basis)
        return basis

    def _first_quorum(self, is_in: list[Mask]) -> Column:
        """The first quorum of which every member is in."""
        first = np.zeros(len(self._of), np.int64)
        for q in reversed(range(len(self._reading.quorums))):
            whole = np.logical_and.reduce([is_in[n] for n in self._reading.quorums[q]])
            first = np.where(whole, q, first)
        return first

    # The network.

    def sent(self, m: int) -> Mask:
        message = self._reading.messages[m]
        t, commit = message.term, message.commit
        if "sent" in self._reading.layout.fields:
            here = self._of("sent", t, message.last) > commit
        else:
            here = (self._term_length[t] >= message.last) & (self._mark[t] >= commit)
        here = here & (self._leader[t] == message.source)
        here &= self._basis[commit] == message.basis
        if message.prev:
            here &= self._of("term_log", t, message.prev, "term") == message.prev_term
        for i, (term, value) in enumerate(message.entries, message.prev + 1):
            here &= self._of("term_log", t, i, "term") == term
            here &= self.term_value(t, i) == value
        return here

    def requested(self, n: int, t: int, i: int, a: int) -> Mask:
        index, term = self._of("request", n, t, "last_log_index"), self._of("request", n, t, "last_log_term")
        return (self._of("requested", n, t) == 1) & (index == i) & (term == a)

    def voted(self, n: int, t: int, c: int) -> Mask:
        return self._votes[n][t][c]

    def acked(self, n: int, t: int, i: int) -> Mask:
        return self._stored[n][t] >= max(i, 1)

    # The servers.

    def current(self, n: int, t: int) -> Mask:
        return self._term[n] == t

    def left(self, n: int, t: int) -> Mask:
        return self._term[n] > t

    def entry(self, n: int, i: int, a: int) -> Mask:
        if i == 0:
            return np.full(len(self._of), a == 0)
        return self.has(n, i) & (self._of("log", n, i, "term") == a)

    def value(self, n: int, i: int) -> Column:
        return np.where(self.has(n, i), self._of("log", n, i, "value"), 0) if i else self._nothing()

    def has(self, n: int, i: int) -> Mask:
        return self._length[n] >= i

    def candidate(self, n: int) -> Mask:
        return self._role[n] == Role.CANDIDATE

    def leads(self, n: int) -> Mask:
        return self._role[n] == Role.LEADER

    def committed(self, n: int, i: int) -> Mask:
        return self._commit[n] >= i

    # The history.

    def elected(self, n: int, t: int) -> Mask:
        return self._leader[t] == n

    def started(self, t: int) -> Mask:
        return self._leader[t] >= 0

    def leader_of(self, t: int) -> Column:
        return np.maximum(self._leader[t], 0)

    def voters(self, t: int) -> Column:
        servers = self._reading.servers
        for_leader = [np.any([self._votes[v][t][c] & self.elected(c, t) for c in servers], axis=0) for v in servers]
        return self._first_quorum([for_leader[v] & ~self._voted_before(v, t) for v in servers])

    def _voted_before(self, v: int, t: int) -> Mask:
        """Whether v's vote went to a candidate of an earlier term that has an entry of term t: then v did not vote in
        term t until its leader was elected."""
        known = np.zeros(len(self._of), bool)
        for c in self._reading.servers:
            has_entry = np.logical_or.reduce([self.entry(c, i, t) for i in self._reading.indexes])
            for u in range(t):
                known |= self._votes[v][u][c] & self.candidate(c) & self.current(c, u) & has_entry
        return known

    def term_log(self, t: int, i: int, a: int) -> Mask:
        if i == 0:
            return np.full(len(self._of), a == 0)
        return (self._term_length[t] >= i) & (self._of("term_log", t, i, "term") == a)

    def term_value(self, t: int, i: int) -> Column:
        there = self._term_length[t] >= i
        return np.where(there, self._of("term_log", t, i, "value"), 0) if i else self._nothing()

    def term_length(self, t: int) -> Column:
        return self._term_length[t]

    def commit_mark(self, t: int) -> Column:
        return self._mark[t]

    def commit_quorum(self, t: int) -> Column:
        return self._first_quorum([self._stored[v][t] >= self._mark[t] for v in self._reading.servers])

    def basis(self, n: int, t: int) -> Mask:
        return self._resting_on(self._commit[n]) == t

    def _nothing(self) -> Column:
        return np.zeros(len(self._of), np.int64)


def main(rules: Sequence[str]) -> int:
    """Ask every claim of every state of `abstract` with three servers, three terms, one entry and restarts."""
    from raftproof.checker.run import Question
    from raftproof.checker.states import every_state
    from raftproof.model import abstract

    question = Question(abstract.model, {"max_term": 3, "max_log": 1}, ("restart",), tuple(rules))
    found = every_state(question)
    counts = failures(Reading(question.layout()), found.words)
    for name, count in counts.items():
        print(f"{name:24} {f'fails in {count:,}' if count else 'holds'}")
    print(f"{len(found):,} states of 3 servers, term <= 3, log <= 1, restarts; up to names of servers")
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Is a history of clients linearizable: does every operation seem to happen at one instant between call and answer?

The search is that of Wing and Gong (1993) with Lowe's memory of what was tried (2017), each key for itself, since a
history is linearizable if and only if its part on every object is (Herlihy and Wing, 1990). It takes the events in the
order of time and tries each operation that may come next: one that was called before the first answer still due.

```
  c1   ├── put v1 ──┤           ├─ get v2 ─┤        candidates at first: put v1, put v2; once put v1 is chosen, its
  c2        ├──── put v2 ────┤                      answer is no longer due, and the search goes on behind it
```
An operation without an answer may have happened at any time after its call, or never. Three verdicts: *linearizable*,
with an order as proof; *not_linearizable*, with the longest part that is; *unknown*, where the search was cut off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

Verdict = Literal["linearizable", "not_linearizable", "unknown"]
MOST_TRIES = 3_000_000


class Call(msgspec.Struct, frozen=True, gc=False):
    """One operation of a client upon one key."""

    client: int
    key: str
    kind: Literal["put", "get", "delete", "swap"]
    called: int
    """When, on a clock that all clients share."""
    returned: int | None
    """None: never answered; it may have happened or not."""
    value: str | None = None
    """put and swap: what is written; get: what was read, None for nothing."""
    expected: str | None = None
    """swap: it is written only if this is there; None for nothing."""
    done: bool = False
    """delete: whether something was there; swap: whether it was written."""

    def __str__(self) -> str:
        """As it stands in the picture."""
        if self.kind == "get":
            return f"get {self.value}"
        if self.kind == "put":
            return f"put {self.value}"
        done = "" if self.returned is None else (" done" if self.done else " not done")
        return f"delete{done}" if self.kind == "delete" else f"swap {self.expected} for {self.value}{done}"


class Linearizability(msgspec.Struct, frozen=True):
    """The answer."""

    verdict: Verdict
    key: str | None = None
    """The first key whose part of the history is not linearizable, or not known to be."""
    calls: tuple[Call, ...] = ()
    """That part, by time of call."""
    longest: tuple[int, ...] = ()
    """The longest order that works, as places in `calls`."""
    stuck: tuple[int, ...] = ()
    """The answered calls of which one would have to come next, and none can."""


def apply(state: str | None, call: Call) -> tuple[bool, str | None]:
    """Whether the call's answer fits a register in this state, and the state after it."""
    kind = call.kind
    if kind == "get":
        return state == call.value, state
    if kind == "put":
        return True, call.value
    if kind == "delete":
        return call.returned is None or call.done == (state is not None), None
    takes_place = state == call.expected
    return call.returned is None or call.done == takes_place, call.value if takes_place else state


def check(history: Iterable[Call], most_tries: int = MOST_TRIES) -> Linearizability:
    """The verdict on a whole history: that of its worst key."""
    by_key: dict[str, list[Call]] = defaultdict(list)
    for call in history:
        by_key[call.key].append(call)
    unknown: Linearizability | None = None
    for key in sorted(by_key):
        found = check_key(key, sorted(by_key[key], key=lambda call: call.called), most_tries)
        if found.verdict == "not_linearizable":
            return found
        if found.verdict == "unknown":
            unknown = unknown or found
    return unknown or Linearizability("linearizable")


def check_key(key: str, calls: Sequence[Call], most_tries: int = MOST_TRIES) -> Linearizability:
    """The verdict on one key. Values that were written without an answer, and that nobody saw, are first taken not to
    have been written; if no order is found so, they are tried too."""
    seen = {call.value for call in calls if call.kind == "get"} | {
        call.expected for call in calls if call.kind == "swap"
    }
    likely = [call for call in calls if call.returned is not None or call.kind == "delete" or call.value in seen]
    first = _search(key, likely, most_tries)
    if first.verdict == "linearizable" or len(likely) == len(calls):
        return first
    return _search(key, calls, most_tries)


class _Events:
    """Calls and answers in a doubly linked list, from which an operation can be lifted and put back (Lowe)."""

    def __init__(self, calls: Sequence[Call]) -> None:
        never = 1 + max((max(call.called, call.returned or 0) for call in calls), default=0)
        order: list[tuple[int, int, int]] = []  # time, 0 for a call and 1 for an answer, which call
        for place, call in enumerate(calls):
            order.append((call.called, 0, place))
            order.append((never if call.returned is None else call.returned, 1, place))
        order.sort()
        size = len(order)
        self.call_of = [place for _, _, place in order]
        self.is_answer = [bool(kind) for _, kind, _ in order]
        self.answer_at = [0] * len(calls)
        for at, (_, kind, place) in enumerate(order):
            if kind:
                self.answer_at[place] = at
        self.next = [*range(1, size + 1), 0]  # the last is the head: its next is the first event
        self.previous = [size, *range(size)]
        self.head = size

    def lift(self, at: int) -> None:
        """Take a call and its answer out."""
        for event in (at, self.answer_at[self.call_of[at]]):
            before, after = self.previous[event], self.next[event]
            self.next[before], self.previous[after] = after, before

    def put_back(self, at: int) -> None:
        """Undo the last lift."""
        for event in (self.answer_at[self.call_of[at]], at):
            self.next[self.previous[event]] = self.previous[self.next[event]] = event


def _is_pointless(call: Call, last: Call | None, changes: bool, earlier: bool) -> bool:
    """Whether an order with this call next need not be tried, because another order that is tried is as good.

    An unanswered call that changes nothing may as well not have happened; nor one whose change is wiped out by the next
    call before anybody has seen it. And of several unanswered deletions the one that was called first may take the
    place of any other.
    """
    if call.returned is None and (not changes or (call.kind == "delete" and earlier)):
        return True
    if last is None or last.returned is not None:
        return False
    return call.kind == "put" or (call.kind == "delete" and call.returned is None)


def _search(key: str, calls: Sequence[Call], most_tries: int) -> Linearizability:
    events = _Events(calls)
    due = sum(call.returned is not None for call in calls)  # answered calls that are not yet placed
    state: str | None = None
    placed = 0  # the calls placed so far, as bits
    tried: set[tuple[int, str | None, bool]] = set()  # what was placed, the state, whether the last was unanswered
    last: Call | None = None  # the call placed last
    # the unanswered deletions, as bits
    deletions = sum(1 << i for i, call in enumerate(calls) if call.kind == "delete" and call.returned is None)
    stack: list[tuple[int, str | None]] = []
    longest: tuple[int, ...] = ()
    longest_due = due
    at = events.next[events.head]
    for _ in range(most_tries):
        if not due:
            return Linearizability("linearizable", key, tuple(calls), _order(events, stack))
        if not events.is_answer[at]:
            place = events.call_of[at]
            call = calls[place]
            fits, after = apply(state, call)
            known = (placed | 1 << place, after, call.returned is None)
            others = deletions & ~placed & ((1 << place) - 1) if call.returned is None else 0
            if fits and known not in tried and not _is_pointless(call, last, after != state, others != 0):
                placed |= 1 << place
                tried.add(known)
                stack.append((at, state))
                state, last = after, call
                events.lift(at)
                due -= call.returned is not None
                at = events.next[events.head]
            else:
                at = events.next[at]
        else:  # nothing that was called before this answer can come next: take the last choice back
            if due < longest_due:
                longest_due, longest = due, _order(events, stack)
            if not stack:
                return Linearizability("not_linearizable", key, tuple(calls), longest, _stuck(calls, longest))
            at, state = stack.pop()
            place = events.call_of[at]
            placed ^= 1 << place
            due += calls[place].returned is not None
            events.put_back(at)
            last = calls[events.call_of[stack[-1][0]]] if stack else None
            at = events.next[at]
    if due < longest_due:
        longest = _order(events, stack)
    return Linearizability("unknown", key, tuple(calls), longest, _stuck(calls, longest))


def _order(events: _Events, stack: list[tuple[int, Any]]) -> tuple[int, ...]:
    return tuple(events.call_of[at] for at, _ in stack)


def _stuck(calls: Sequence[Call], order: tuple[int, ...]) -> tuple[int, ...]:
    """What would have to come next: the answered calls not placed, called before the first of their answers."""
    left = [place for place, call in enumerate(calls) if place not in order and call.returned is not None]
    first = min((calls[place].returned or 0 for place in left), default=0)
    return tuple(place for place in left if calls[place].called < first)

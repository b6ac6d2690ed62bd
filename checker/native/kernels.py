"""The kernels that are the same for every model: their text is appended to what `generate` made of a model.

They are compiled, not imported: the names that a model gives (`successors`, `canonical`) stand in the generated part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raftproof.checker.native.names import *  # noqa: F403 -- what the generated part defines

# ---- kernels


@njit(**OPTIONS)
def note(t, s, bad, record, spare, broken):
    """Keep the least violating state: record = [which properties, the state's words, its predecessor's words]."""
    u = at(spare, 4, broken)
    copy(t, u)
    canonical(u, spare, 0, broken)
    order = -1
    if record[0] != U(0):
        order = 0
        for k in range(WORDS):
            if order == 0 and word(u, k) != record[1 + k]:
                order = -1 if word(u, k) < record[1 + k] else 1
        for k in range(WORDS):
            if order == 0 and word(s, k) != record[1 + WORDS + k]:
                order = -1 if word(s, k) < record[1 + WORDS + k] else 1
    if order < 0:
        record[0] = U(bad)
        for k in range(WORDS):
            record[1 + k] = word(u, k)
            record[1 + WORDS + k] = word(s, k)
    elif order == 0:
        record[0] |= U(bad)


@njit(**OPTIONS)
def seek(source, batch, x, broken):
    """Remember the least state of a block that has the goal among its successors."""
    best = batch.found[0]
    if best < 0 or less(at(source, x, broken), at(source, best, broken)):
        batch.found[0] = x


@njit(cache=True, **OPTIONS)
def explore(source, first, last, target, filled, table, room, buffer, batch, ask):
    """Expand states first..last of a block into another block; how far it came, and how full that is.

    It stops early where the target block, or the room in the table, could overflow. It counts in `batch`; a state is
    new if it enters the table, whoever inserts it first. With a goal, it inserts nothing and looks for its parents.
    """
    x, begun, size, goal = first, filled, U(table.shape[0]), batch.goal[0]
    capacity = target.shape[0] // WORDS
    while x < last and filled + ask.batch + BRANCH < capacity and filled - begun + ask.batch + BRANCH < room:
        n = 0
        while x < last and n < ask.batch:
            n = successors(at(source, x, ask.broken), buffer, n, batch, x, table, ask)
            x += 1
        for k in range(n):
            h = batch.prints[k]
            if goal != U(0):
                if h == goal:
                    seek(source, batch, batch.parents[k], ask.broken)
                continue
            p = home(h, size)
            while True:
                y = peek(table, p)
                if y == U(0):
                    y = compare_and_swap(table, p, U(0), h)
                    if y == U(0):
                        t = at(buffer, k, ask.broken)
                        copy(t, at(target, filled, ask.broken))
                        filled += 1
                        action = batch.actions[k]
                        mask = ask.invariants & NEED_STATE[action]
                        if mask != 0:
                            bad = violations(t, mask)
                            if bad != 0:
                                none = at(batch.spare, 5, ask.broken)
                                note(t, none, bad, batch.worst_state, batch.spare, ask.broken)
                        mask = ask.witnesses & NEED_SIGHT[action]
                        if mask != 0:
                            batch.seen[0] |= sights(t, mask)
                        break
                if y == h:
                    break
                p += 1
                if p == table.shape[0]:
                    p = 0
    return x, filled


@njit(cache=True, **OPTIONS)
def canonical_in_place(block, spare, broken):
    """Replace the first state of a block by the representative of its class; its fingerprint."""
    t = at(block, 0, broken)
    canonical(t, spare, 0, broken)
    return fingerprint(t)


@njit(cache=True, **OPTIONS)
def spread(table, old, stash):
    """After the table was lengthened from `old` cells to twice as many, bring every fingerprint home, in place.

    The order of homes is the order of fingerprints, and doubling the table moves each home upwards by more than it was
    displaced, except near the bottom: what lies there waits in `stash`. So a sweep from the top never meets a cell that
    it has not yet emptied. Returns how long the stash has to be; nothing was done if it is too short.
    """
    far = 0
    for p in range(old):
        if table[p] != U(0):
            d = p - home(table[p], U(old))
            far = max(far, d if d >= 0 else d + old)
    low = min(old, 2 * far + 2)
    if low > stash.shape[0]:
        return low
    for p in range(low):
        stash[p] = table[p]
        table[p] = U(0)
    for p in range(old - 1, low - 1, -1):
        h = table[p]
        if h != U(0):
            table[p] = U(0)
            settle(table, h)
    for p in range(low):
        if stash[p] != U(0):
            settle(table, stash[p])
    return low


@njit(**OPTIONS)
def settle(table, h):
    """Put a fingerprint into the first free cell from its home on."""
    p = home(h, U(table.shape[0]))
    while table[p] != U(0):
        p += 1
        if p == table.shape[0]:
            p = 0
    table[p] = h

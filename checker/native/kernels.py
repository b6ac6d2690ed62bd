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
        record[0] = record[0] | U(bad)


@njit(**OPTIONS)
def seek(source, b, x, broken):
    """Remember the least state of a block that has the goal among its successors."""
    best = np.int64(b[FOUND]) - 1
    if best < 0 or less(at(source, x, broken), at(source, best, broken)):
        b[FOUND] = U(x + 1)


@njit(**OPTIONS)
def look(t, action, b, broken):
    """Check a new state against what its action can have broken, and what it may show."""
    mask = np.int64(b[INVARIANTS]) & NEED_STATE[action]
    if mask != 0:
        bad = violations(t, mask)
        if bad != 0:
            spare = part(b, SPARE)
            note(t, at(spare, 5, broken), bad, part(b, WORST_STATE), spare, broken)
    mask = np.int64(b[WITNESSES]) & NEED_SIGHT[action]
    if mask != 0:
        b[SEEN] = b[SEEN] | U(sights(t, mask))


@njit(cache=True, **ENTRY)
def explore(source_words, first, last, target_words, filled, cells, room, memory):
    """Expand states first..last of a block into another block; how far it came, and how full that is.

    It stops early where the target block, or the room in the table, could overflow. It counts in the worker's memory; a
    state is new if it enters the table, whoever inserts it first. With a goal, it inserts nothing and looks for the
    goal's parents.
    """
    source, target, table, b = buffer(source_words), buffer(target_words), buffer(cells), buffer(memory)
    broken, goal = np.int64(b[BROKEN]), b[GOAL]
    x, begun, size = first, filled, U(len(table))
    capacity = len(target) // WORDS
    while x < last and filled + BATCH + BRANCH < capacity and filled - begun + BATCH + BRANCH < room:
        n = 0
        while x < last and n < BATCH:
            n = successors(at(source, x, broken), b, n, x, table)
            x += 1
        for k in range(n):
            h = b[PRINTS + k]
            if goal != U(0):
                if h == goal:
                    seek(source, b, np.int64(b[PARENTS + k]), broken)
                continue
            p = home(h, size)
            while True:
                y = peek(table, p)
                if y == U(0):
                    y = compare_and_swap(table, p, U(0), h)
                    if y == U(0):
                        t = at(part(b, BUFFER), k, broken)
                        copy(t, at(target, filled, broken))
                        filled += 1
                        look(t, np.int64(b[ACTIONS + k]), b, broken)
                        break
                if y == h:
                    break
                p += 1
                if p == len(table):
                    p = 0
    return x, filled


@njit(cache=True, **ENTRY)
def canonical_in_place(block, memory):
    """Replace the first state of a block by the representative of its class; its fingerprint."""
    b = buffer(memory)
    t = at(buffer(block), 0, 0)
    canonical(t, part(b, SPARE), 0, 0)
    return fingerprint(t)


@njit(cache=True, **ENTRY)
def spread(cells, old, stash):
    """After the table was lengthened from `old` cells to twice as many, bring every fingerprint home, in place.

    The order of homes is the order of fingerprints, and doubling the table moves each home upwards by more than it was
    displaced, except near the bottom: what lies there waits in `stash`. So a sweep from the top never meets a cell that
    it has not yet emptied. Returns how long the stash has to be; nothing was done if it is too short.
    """
    table = buffer(cells)
    far = 0
    for p in range(old):
        if table[p] != U(0):
            d = p - home(table[p], U(old))
            far = max(far, d if d >= 0 else d + old)
    low = min(old, 2 * far + 2)
    if low > len(stash):
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
    p = home(h, U(len(table)))
    while table[p] != U(0):
        p += 1
        if p == len(table):
            p = 0
    table[p] = h

"""The kernels that are the same for every model: their text is appended to what `generate` made of a model.

They are compiled, not imported: the names that a model gives (`canonical`, `violations`) stand in the generated part,
and where a comment says successors, a model's actions are tried.
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
        n = np.int64(0)
        while x < last and n < BATCH:
            # ---- successors
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
def reach(cells, size, first, last):
    """How far at most the fingerprints in cells first..last of a table of `size` cells lie from their homes."""
    table, far = buffer(cells), 0
    for p in range(first, last):
        if table[p] != U(0):
            d = p - home(table[p], U(size))
            far = max(far, d if d >= 0 else d + size)
    return far


@njit(cache=True, **ENTRY)
def rehome(source_cells, first, last, cells):
    """Move the fingerprints in cells first..last of a source, downwards, to the first free cell from their home on."""
    source, table = buffer(source_cells), buffer(cells)
    for x in range(first, last):
        p = last - 1 + first - x
        h = source[p]
        if h != U(0):
            source[p] = U(0)
            p = home(h, U(len(table)))
            while peek(table, p) != U(0) or compare_and_swap(table, p, U(0), h) != U(0):
                p += 1
                if p == len(table):
                    p = 0


@njit(**OPTIONS)
def first_choice(b, masks, count):
    """The least choice of an allowed value for each key, eight bits each; -1 where a key has none."""
    digits = np.int64(0)
    for k in range(count):
        if b[masks + k] == U(0):
            return np.int64(-1)
        digits |= lowest(b[masks + k]) << np.int64(8 * k)
    return digits


@njit(**OPTIONS)
def next_choice(b, masks, count, digits):
    """The choice after one, the first keys turning fastest; -1 after the last."""
    for k in range(count):
        shift = np.int64(8 * k)
        digit = (digits >> shift) & np.int64(255)
        digits ^= digit << shift
        rest = b[masks + k] & ~((U(2) << U(digit)) - U(1))
        if rest != U(0):
            return digits | (lowest(rest) << shift)
        digits |= lowest(b[masks + k]) << shift
    return np.int64(-1)


@njit(**OPTIONS)
def lowest(mask):
    """The place of the lowest bit that is set."""
    return np.int64(count_bits((mask & (~mask + U(1))) - U(1)))

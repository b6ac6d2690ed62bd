"""Generates the source of a model's kernels: everything that depends on its layout, actions and properties.

    within_k(t)         the bounds and constraints that action k can break
    violations(t, m)    which of the invariants in mask m does t break
    fingerprint(t), copy(s, t), canonical(t, …)
    successors          within the kernel `explore`: try every action with every parameter on a copy of a state; keep
                        what lies inside the bounds

What costs no speed is an argument at run time and not frozen here: the rules that are off, the faults that are on, the
properties that are watched. The kernels proper, the same for all models, are appended from `kernels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent

from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Action, Declared, Model, Property
from raftproof.checker.language.nodes import BagNode, MapNode, Node, Record, Scalar, SeqNode
from raftproof.checker.native.batch import Plan
from raftproof.checker.native.canonical import generate_canonical
from raftproof.checker.native.keys import SALT
from raftproof.checker.native.normal import generate_normal
from raftproof.checker.native.parameters import MOST_BRANCH, branch_of, enter_loops, generate_masks, maps_of
from raftproof.checker.native.text import Text

BATCH = 192
"""Successors that are made, prefetched and then inserted together."""
SUCCESSORS = "# ---- successors\n"
"""The line of `kernels.py` in whose place the successors of a state are made."""
HEAD = '''"""Generated from {model}, {bounds}, symmetry {symmetry}. Do not edit."""
import numpy as np
from numba import njit
from raftproof.checker.native.{primitives} import *
U = np.uint64
'''


@dataclass(frozen=True)
class Group:
    """Actions of a model that are tried at once: one alone, or some in a row that follow the same action of another
    model, of which one takes the step."""

    first: int
    """The number of the first of them."""
    size: int
    action: Action
    writes: frozenset[str]


def groups_of(model: Model) -> list[Group]:
    """All actions, in order."""
    found: list[Group] = []
    for number, action in enumerate(model.actions):
        writes, last = action.frame.writes, found[-1] if found else None
        if action.then and last and last.action.then and last.action.function is action.function:
            found[-1] = replace(last, size=last.size + 1, writes=last.writes | writes)
        else:
            found.append(Group(number, 1, action, writes))
    return found


def generate(model: Model, layout: Layout, primitives: str = "primitives") -> str:
    """The source of the kernels; names such as `action_0` and `at` are put into the module by `build`."""
    text = Text()
    plan = Plan(layout.words, len(model.actions), BATCH + branch_of(model, layout) + 1, maps_of(model, layout))
    text(*(f"{name} = {offset}" for name, offset in plan.offsets().items()))
    text(f"BATCH = {BATCH}", f"BRANCH = {branch_of(model, layout)}")
    _generate_words(text, layout)
    generate_normal(text, model, layout)
    generate_canonical(text, layout)
    for group in groups_of(model):
        _generate_within(text, model, layout, group)
        generate_masks(text, layout, group.first, group.action)
    _generate_answers(text, model, layout)
    _generate_keeping(text, model, layout)
    head = HEAD.format(model=model.name, bounds=layout.bounds, symmetry=sorted(layout.symmetric), primitives=primitives)
    kernels = (Path(__file__).parent / "kernels.py").read_text().split("# ---- kernels\n")[1]
    above, below = kernels.split(SUCCESSORS)
    margin = above[above.rindex("\n") + 1 :]
    return head + str(text) + above.rstrip(" ") + indent(_successors(model, layout), margin) + below


# --------------------------------------------------------------------------------------------------- words


def _generate_words(text: Text, layout: Layout) -> None:
    text(f"WORDS = {layout.words}")
    with text.function("copy(s, t)", inlined=True):
        text(*(f"set_word(t, {k}, word(s, {k}))" for k in range(layout.words)))
    with text.function("fingerprint(t)", inlined=True):
        parts = []
        for number, k in enumerate(range(0, layout.words, 2)):
            second = f"word(t, {k + 1})" if k + 1 < layout.words else "U(0)"
            left, right = SALT[k % 8], SALT[(k + 1) % 8] + number
            text(f"a{number} = mix(word(t, {k}) ^ U({left}), {second} ^ U({right}))")
            turn = 7 * number % 64
            parts.append(f"((a{number} << U({turn})) | (a{number} >> U({64 - turn})))" if turn else f"a{number}")
        text("h = " + " ^ ".join(parts), f"h = mix(h ^ U({SALT[6]}), h ^ U({SALT[7]}))")
        text("return h if h != U(0) else U(1)")


# --------------------------------------------------------------------------------------------------- bounds


def _generate_within(text: Text, model: Model, layout: Layout, group: Group) -> None:
    """Emit within_k(t): whether what action k wrote lies inside the bounds."""
    with text.function(f"within_{group.first}(t)", inlined=True):
        for name in sorted(group.writes):
            node = layout.fields[name]
            if isinstance(node, BagNode):
                _limit_bag(text, node)
            else:
                _limit(text, node, f"t.{name}", 0)
        for k, constraint in enumerate(model.constraints):
            if constraint.frame.reads & group.writes:
                _for_all(text, layout, constraint, "t", f"if not constraint_{k}({{call}}):", "return False")
        text("return True")


def _limit_bag(text: Text, bag: BagNode) -> None:
    text("f = bag_of(t)")
    if bag.slots > bag.limit:
        with text.block(f"if slot(f, {bag.limit}) != 0:"):
            text("return False")
    for k in range(bag.limit - bag.copies):
        with text.block(f"if slot(f, {k}) != 0 and slot(f, {k}) == slot(f, {k + bag.copies}):"):
            text("return False")


def _limit(text: Text, node: Node, place: str, depth: int) -> None:
    """Emit the test that everything at a place is at most its limit."""
    match node:
        case Scalar() if node.sort.limit is not None:
            with text.block(f"if {place} > {node.sort.limit}:"):
                text("return False")
        case Record():
            for part in node.fields:
                _limit(text, part, f"{place}.{part.name}", depth)
        case MapNode() if _is_limited(node.child):
            with text.block(f"for x{depth} in range({node.key.first}, {node.key.last + 1}):"):
                _limit(text, node.child, f"{place}[x{depth}]", depth + 1)
        case SeqNode():
            with text.block(f"if len({place}) > {node.limit}:"):
                text("return False")
            if _is_limited(node.child):
                with text.block(f"for x{depth} in range(1, len({place}) + 1):"):
                    _limit(text, node.child, f"{place}[x{depth}]", depth + 1)


def _is_limited(node: Node) -> bool:
    match node:
        case Scalar():
            return node.sort.limit is not None
        case Record():
            return any(_is_limited(f) for f in node.fields)
        case MapNode():
            return _is_limited(node.child)
        case SeqNode():
            return True
    return False


# --------------------------------------------------------------------------------------------------- properties


def _for_all(text: Text, layout: Layout, declared: Declared, states: str, condition: str, then: str) -> None:
    """Emit loops over a property's parameters around a condition, in which {call} stands for the arguments."""
    with ExitStack() as loops:
        names = enter_loops(text, layout, declared.parameters, loops, message="")
        loops.enter_context(text.block(condition.replace("{call}", ", ".join([states, *names]))))
        text(then)


def bits_where(flags: Iterable[bool]) -> int:
    """A mask with bit k set where the k-th flag is."""
    return sum(1 << k for k, flag in enumerate(flags) if flag)


def _generate_answers(text: Text, model: Model, layout: Layout) -> None:
    """Emit the properties as functions from a mask of questions to a mask of answers."""
    seen, step_seen = ([w for w in model.witnesses if w.states == states] for states in (1, 2))
    _answer(text, layout, "violations(t, mask)", "not invariant", "t", model.invariants)
    _answer(text, layout, "sights(t, mask)", "witness", "t", seen, inlined=True)
    for head, states in (("step_{}(s, t, mask)", "s, t"), ("still_{}(s, mask)", "s, s")):
        wrong = head.format("violations")
        _answer(text, layout, wrong, "not step_invariant", states, model.action_invariants, inlined=True)
        _answer(text, layout, head.format("sights"), "step_witness", states, step_seen, inlined=True)
    tables = {"NEED_STATE": model.invariants, "NEED_SIGHT": seen}
    for name, group in tables.items():
        masks = [bits_where(bool(p.frame.reads & a.frame.writes) for p in group) for a in model.actions]
        text("", f"{name} = np.array({masks}, dtype=np.int64)")


def _answer(
    text: Text, layout: Layout, head: str, asked: str, states: str, group: Sequence[Property], inlined: bool = False
) -> None:
    """Emit a function that asks those of a group of properties that a mask names; `asked` of the k-th ends in _k."""
    with text.function(head, inlined):
        text("found = 0")
        for k, declared in enumerate(group):
            test = f"if mask & {1 << k} and {asked}_{k}({{call}}):"
            _for_all(text, layout, declared, states, test, f"found |= {1 << k}")
        text("return found")


# --------------------------------------------------------------------------------------------------- expansion


def _generate_keeping(text: Text, model: Model, layout: Layout) -> None:
    """Emit what happens to a successor: keep(t, …) where it lies inside the bounds, outside(s, t, …) where not."""
    with text.function("keep(t, b, n, action, parent, table, broken)", inlined=True):
        if branch_of(model, layout) == MOST_BRANCH:
            text(f"if n >= {BATCH + MOST_BRANCH}:")
            text(f"    raise OverflowError('a state has more than {MOST_BRANCH} successors; lower a bound')")
        text("canonical(t, part(b, SPARE), 0, broken)", "h = fingerprint(t)", "b[PRINTS + n] = h")
        text("b[ACTIONS + n] = U(action)", "b[PARENTS + n] = U(parent)")
        text("prefetch(table, home(h, U(len(table))))", "return n + 1")
    with text.function("outside(s, t, mask, b, broken)"):
        text("bad = violations(t, mask)")
        with text.block("if bad != 0:"):
            text("note(t, s, bad, part(b, WORST_STEP), part(b, SPARE), broken)")


def _successors(model: Model, layout: Layout) -> str:
    """What stands in `explore` where it expands state x of a block: append to the batch what follows from it.

    It is no function: it is most of the code there is, and numba would have it compiled for itself, and then again as
    a part of the function that calls it.
    """
    text = Text()
    text("s = at(source, x, broken)", "faults = np.int64(b[FAULTS])", "made = part(b, BUFFER)")
    text("t = at(made, n, broken)", "copy(s, t)")
    _look_at_stillness(text, model)
    for group in groups_of(model):
        if all(p.sort(layout) is not None for p in group.action.parameters):
            _try(text, model, layout, group, message="")
    if layout.bag is not None:
        _try_messages(text, model, layout, layout.bag)
    return str(text)


def _try_messages(text: Text, model: Model, layout: Layout, bag: BagNode) -> None:
    """Emit the actions that take a message, once for each different message in flight."""
    text("bag = bag_of(s)")
    with text.block(f"for k in range({bag.limit}):"):
        text("code = slot(bag, k)")
        text("if code == 0:", "    break")
        text("if k > 0 and slot(bag, k - 1) == code:", "    continue")
        text(f"tag = code >> {bag.tag_shift}")
        for kind in bag.kinds:
            takers = [
                group
                for group in groups_of(model)
                if any(kind in p.kinds(layout) for p in group.action.parameters if p.sort(layout) is None)
            ]
            if takers:
                with text.block(f"if tag == {kind.tag}:"):
                    text(f"m = message_of(bag, {kind.tag}, code)")
                    for group in takers:
                        _try(text, model, layout, group, message="m")


def _try(text: Text, model: Model, layout: Layout, group: Group, message: str) -> None:
    """Emit one action with all its parameters, and what follows it; `kind` says which of the group it is."""
    action, number = group.action, group.first
    with ExitStack() as loops:
        if action.fault:
            fault = model.faults().index(action.fault)
            loops.enter_context(text.block(f"if faults & {1 << fault}:"))
        names = enter_loops(text, layout, action.parameters, loops, message, number)
        loops.enter_context(text.block(f"if action_{number}({', '.join(['t', *names])}):"))
        kind, followed = str(number), ExitStack()
        if action.then:
            kind = _ask_kinds(text, group, names)
            followed.enter_context(text.block(f"if {kind} >= 0:"))
        text(f"b[GENERATED + {kind}] = b[GENERATED + {kind}] + U(1)")
        _watch_step(text, model, group.writes)
        with text.block(f"if within_{number}(t):"):
            text(f"n = keep(t, b, n, np.int64({kind}), x, table, broken)", "t = at(made, n, broken)")
        mask = bits_where(bool(p.frame.reads & group.writes) for p in model.invariants)
        if mask:
            with text.block("else:"):
                text(f"outside(s, t, np.int64(b[INVARIANTS]) & {mask}, b, broken)")
        followed.close()
        text("copy(s, t)")


def _ask_kinds(text: Text, group: Group, names: list[str]) -> str:
    """Emit who of the group takes the step: the first that answers True, or none."""
    text("kind = -1")
    for k in range(group.first, group.first + group.size):
        test = f"then_{k}({', '.join(['s', 't', *names])})"
        text(f"{'if' if k == group.first else 'elif'} {test}:", f"    kind = {k}")
    return "kind"


def _look_at_stillness(text: Text, model: Model) -> None:
    """Emit what the properties of steps say of a step that changes nothing they read: as a rule the compiler sees that
    it is nothing."""
    if model.action_invariants:
        text("still_bad = still_violations(s, np.int64(b[STEP_INVARIANTS]))")
    if any(w.states == 2 for w in model.witnesses):
        text("still_seen = np.int64(0)")
        with text.block("if b[STEP_WITNESSES] != U(0):"):
            text("still_seen = np.int64(still_sights(s, np.int64(b[STEP_WITNESSES])))")


def _watch_step(text: Text, model: Model, writes: frozenset[str]) -> None:
    """Emit the properties of steps: an action that writes nothing they read is a step of the other kind."""
    if model.action_invariants:
        touched, others = _split(model.action_invariants, writes)
        asked = f"step_violations(s, t, np.int64(b[STEP_INVARIANTS]) & {touched}) | " if touched else ""
        text(f"bad = {asked}(still_bad & {others})")
        with text.block("if bad != 0:"):
            text(f"note(t, s, bad << {len(model.invariants)}, part(b, WORST_STEP), part(b, SPARE), broken)")
    witnesses = [w for w in model.witnesses if w.states == 2]
    if witnesses:
        touched, others = _split(witnesses, writes)
        if touched:
            text(f"wanted = np.int64(b[STEP_WITNESSES]) & {touched}")
            with text.block("if wanted != 0:"):
                text("b[STEP_SEEN] = b[STEP_SEEN] | U(step_sights(s, t, wanted))")
        with text.block(f"if still_seen & {others} != 0:"):
            text(f"b[STEP_SEEN] = b[STEP_SEEN] | U(still_seen & {others})")


def _split(properties: Sequence[Declared], writes: frozenset[str]) -> tuple[int, int]:
    """The masks of the properties that read what an action writes, and of the others."""
    touched = [bool(p.frame.reads & writes) for p in properties]
    return bits_where(touched), bits_where(not t for t in touched)

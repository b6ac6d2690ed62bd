"""Generates the source of a model's kernels: everything that depends on its layout, actions and properties.

    successors(s, …)    try every action with every parameter on a copy of s; keep what lies inside the bounds
    within_k(t)         the bounds and constraints that action k can break
    violations(t, m)    which of the invariants in mask m does t break
    fingerprint(t), copy(s, t), canonical(t, …)

What costs no speed is an argument at run time and not frozen here: the rules that are off, the faults that are on, the
properties that are watched. The kernels proper, the same for all models, are appended from `kernels.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from raftproof.checker.language.errors import BoundsError
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.model import Action, Declared, Model, Parameter
from raftproof.checker.language.nodes import WORD, BagNode, MapNode, Node, Record, Scalar, SeqNode
from raftproof.checker.native.batch import Plan
from raftproof.checker.native.canonical import SALT, generate_canonical
from raftproof.checker.native.normal import generate_normal
from raftproof.checker.native.text import Text

BATCH = 192
"""Successors that are made, prefetched and then inserted together."""
MOST_BRANCH = 1 << 16
"""The most successors of a state of a model whose actions take Maps; one that has more is an error."""
MOST_VALUES = WORD
"""The most values that a Map which an action takes has for a key: which of them are allowed is one word."""
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
        _generate_masks(text, layout, group.first, group.action)
    _generate_answers(text, model, layout)
    _generate_successors(text, model, layout)
    head = HEAD.format(model=model.name, bounds=layout.bounds, symmetry=sorted(layout.symmetric), primitives=primitives)
    kernels = (Path(__file__).parent / "kernels.py").read_text().split("# ---- kernels\n")[1]
    return head + str(text) + kernels


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


# --------------------------------------------------------------------------------------------------- parameters


def _for_all(
    text: Text,
    layout: Layout,
    declared: Declared,
    states: str,
    condition: str,
    then: str,
) -> None:
    """Emit loops over a property's parameters around a condition, in which {call} stands for the arguments."""
    with ExitStack() as loops:
        names = _enter_loops(text, layout, declared.parameters, loops, message="")
        loops.enter_context(text.block(condition.replace("{call}", ", ".join([states, *names]))))
        text(then)


def _enter_loops(
    text: Text, layout: Layout, parameters: Sequence[Parameter], loops: ExitStack, message: str, number: int = 0
) -> list[str]:
    """Open a loop for each parameter of action `number`; `message` is the name of a message that is at hand."""
    names: list[str] = []
    for k, parameter in enumerate(parameters):
        sort, key = parameter.sort(layout), parameter.key(layout)
        if sort is None:
            if not message:
                raise BoundsError(f"{parameter.name}: only actions have messages as parameters")
            names.append(message)
            continue
        if key is not None:
            masks = f"MASKS + {8 * sum(1 for p in parameters[:k] if p.key(layout) is not None)}"
            for j in range(key.size):
                asked = ", ".join(["s", *names, str(key.first + j)])
                text(f"b[{masks} + {j}] = U(allowed_{number}_{k}({asked}))")
            loops.enter_context(_choices(text, f"w{k}", f"b, {masks}, {key.size}"))
            text(f"y{k} = choice(w{k})")
        else:
            loops.enter_context(text.block(f"for y{k} in range({sort.first}, {sort.last + 1}):"))
            if parameter.where:
                asked = ", ".join(["s", *names, f"y{k}"])
                loops.enter_context(text.block(f"if where_{number}_{k}({asked}):"))
        names.append(f"y{k}")
    return names


@contextmanager
def _choices(text: Text, name: str, masks: str) -> Iterator[None]:
    """A loop over every choice of an allowed value for each key."""
    text(f"{name} = first_choice({masks})")
    with text.block(f"while {name} >= 0:"):
        yield
        text(f"{name} = next_choice({masks}, {name})")


def _generate_masks(text: Text, layout: Layout, number: int, action: Action) -> None:
    """Emit allowed_k_p(s, …, j): which values the Map that is parameter p of action k may have for the key j."""
    names = [f"y{k}" for k in range(len(action.parameters))]
    for k, parameter in enumerate(action.parameters):
        sort, key = parameter.sort(layout), parameter.key(layout)
        if sort is None or key is None:
            continue
        if sort.last >= MOST_VALUES or key.size > 8:
            raise BoundsError(
                f"{parameter.name}: a Map that an action takes has at most 8 keys and values below {MOST_VALUES}; "
                "lower a bound"
            )
        arguments = ", ".join(["s", *names[:k], "j"])
        with text.function(f"allowed_{number}_{k}({arguments})"):
            text("mask = np.int64(0)")
            with ExitStack() as loops:
                loops.enter_context(text.block(f"for v in range({sort.first}, {sort.last + 1}):"))
                if parameter.where:
                    loops.enter_context(text.block(f"if where_{number}_{k}({arguments}, v):"))
                text("mask |= np.int64(1) << np.int64(v)")
            text("return mask")


# --------------------------------------------------------------------------------------------------- properties


def bits_where(flags: Iterable[bool]) -> int:
    """A mask with bit k set where the k-th flag is."""
    return sum(1 << k for k, flag in enumerate(flags) if flag)


def _generate_answers(text: Text, model: Model, layout: Layout) -> None:
    """Emit the properties as functions from a mask of questions to a mask of answers."""
    step_witnesses = [w for w in model.witnesses if w.states == 2]
    state_witnesses = [w for w in model.witnesses if w.states == 1]
    groups = {
        "violations(t, mask)": ("t", model.invariants, "if mask & {bit} and not invariant_{k}({call}):"),
        "sights(t, mask)": ("t", state_witnesses, "if mask & {bit} and witness_{k}({call}):"),
        "step_violations(s, t, mask)": (
            "s, t",
            model.action_invariants,
            "if mask & {bit} and not step_invariant_{k}({call}):",
        ),
        "step_sights(s, t, mask)": ("s, t", step_witnesses, "if mask & {bit} and step_witness_{k}({call}):"),
        "still_violations(s, mask)": (
            "s, s",
            model.action_invariants,
            "if mask & {bit} and not step_invariant_{k}({call}):",
        ),
        "still_sights(s, mask)": ("s, s", step_witnesses, "if mask & {bit} and step_witness_{k}({call}):"),
    }
    for head, (states, group, test) in groups.items():
        with text.function(head, inlined=head.startswith("s")):
            text("found = 0")
            for k, declared in enumerate(group):
                line = test.replace("{bit}", str(1 << k)).replace("{k}", str(k))
                _for_all(text, layout, declared, states, line, f"found |= {1 << k}")
            text("return found")
    tables = {"NEED_STATE": model.invariants, "NEED_SIGHT": state_witnesses}
    for name, group in tables.items():
        masks = [bits_where(bool(p.frame.reads & a.frame.writes) for p in group) for a in model.actions]
        text("", f"{name} = np.array({masks}, dtype=np.int64)")


# --------------------------------------------------------------------------------------------------- expansion


def _generate_successors(text: Text, model: Model, layout: Layout) -> None:
    """Emit successors(s, …): append to the batch what follows from s."""
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
    with text.function("successors(s, b, n, parent, table)"):
        text("broken = np.int64(b[BROKEN])", "faults = np.int64(b[FAULTS])", "buffer = part(b, BUFFER)")
        text("t = at(buffer, n, broken)", "copy(s, t)")
        _look_at_stillness(text, model)
        for group in groups_of(model):
            if all(p.sort(layout) is not None for p in group.action.parameters):
                _try(text, model, layout, group, message="")
        if layout.bag is not None:
            _try_messages(text, model, layout, layout.bag)
        text("return n")


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
        names = _enter_loops(text, layout, action.parameters, loops, message, number)
        loops.enter_context(text.block(f"if action_{number}({', '.join(['t', *names])}):"))
        kind, followed = str(number), ExitStack()
        if action.then:
            kind = _ask_kinds(text, group, names)
            followed.enter_context(text.block(f"if {kind} >= 0:"))
        text(f"b[GENERATED + {kind}] = b[GENERATED + {kind}] + U(1)")
        _watch_step(text, model, group.writes)
        with text.block(f"if within_{number}(t):"):
            text(f"n = keep(t, b, n, np.int64({kind}), parent, table, broken)", "t = at(buffer, n, broken)")
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


def branch_of(model: Model, layout: Layout) -> int:
    """The most successors that a state can have; of a model whose actions take Maps, at most MOST_BRANCH."""
    total = 0
    for action in model.actions:
        ways = 1
        for parameter in action.parameters:
            sort, key = parameter.sort(layout), parameter.key(layout)
            ways *= (sort.size if sort is not None else layout.bag.limit if layout.bag else 0) ** (
                key.size if key else 1
            )
        total += ways
    return min(total, MOST_BRANCH) if maps_of(model, layout) else total


def maps_of(model: Model, layout: Layout) -> int:
    """The most Maps that an action takes."""
    return max((sum(1 for p in a.parameters if p.key(layout) is not None) for a in model.actions), default=0)

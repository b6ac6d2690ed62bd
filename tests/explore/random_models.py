"""Models at random, as the text of a file: layouts, actions, properties. They use all of the language and mean nothing.

Members of symmetric sorts are only compared and passed on, and no loop over them looks at what it writes, so that
every model is the same under their relabelling.
Every write stays inside its range, and every index inside its sequence, by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from random_head import ALWAYS, HEAD, LIVE, SOMETIMES, SORTS


@dataclass
class Writer:
    """Draws the parts of a function; `names` are what it may speak of, by their sort."""

    chance: Random
    fields: dict[str, str]
    max_n: int
    names: dict[str, str] = field(default_factory=dict)
    state: str = "s"

    def one(self, choices: list[str]) -> str:
        return self.chance.choice(choices)

    def of(self, sort: str) -> list[str]:
        """The names of a sort."""
        return [name for name, s in self.names.items() if s == sort]

    def reads(self, options: dict[str, list[str]]) -> list[str]:
        """What can be read of fields that there are."""
        return [f"{self.state}.{text}" for name, texts in options.items() if name in self.fields for text in texts]

    def number(self, depth: int = 2) -> str:
        """An integer of 0 or more, of any size."""
        i, c, v = self.of("Server"), self.of("Color"), self.of("Value")
        terms = ["0", "1", *self.of("Small"), *self.reads({"n": ["n"], "wide": ["wide"], "last": ["last.n"]})]
        terms += self.reads({"count": [f"count[{x}]" for x in i], "place": [f"place[{x}]" for x in c]})
        terms += self.reads({"marks": [f"marks[{x}][{y}]" for x in i for y in i]})
        terms += self.reads({"held": [f"held[{x}][{y}]" for x in i for y in v]})
        terms += [f"len({r})" for r in self.reads({"log": [f"log[{x}]" for x in i], "queue": ["queue"], "up": ["up"]})]
        terms += [f"len({r})" for r in self.reads({"messages": ["messages"], "far": [f"far[{x}]" for x in c]})]
        terms += [f"len({r})" for r in self.reads({"big": ["big"], "ones": ["ones"]})]
        terms += self.reads({"inner": ["inner.k", *(f"inner.tally[{x}]" for x in i)]})
        terms += [f"entry_at({self.state}, {x}, 1)" for x in i]
        terms += [f"{m}.n" for m in self.of("Ask")] + [f"{m}.e.n" for m in self.of("Tell")]
        form = self.one(["term", "term", "sum", "least", "rest", "choice"]) if depth else "term"
        if form == "sum":
            return f"({self.number(0)} + {self.number(depth - 1)})"
        if form == "least":
            return f"max(min({self.number(depth - 1)}, {self.number(0)}), {self.number(0)})"
        if form == "rest":
            return f"({self.number(depth - 1)} // 2 % 3)"
        if form == "choice":
            return f"({self.number(0)} if {self.truth(depth - 1)} else {self.number(0)})"
        return self.one(terms)

    def paint(self) -> str:
        """A color."""
        terms = ["Color.RED", "Color.GREEN", "Color.BLUE", *self.of("Color"), f"newest({self.state})"]
        terms += self.reads({"color": ["color"], "tint": [f"tint[{x}]" for x in self.of("Server")]})
        return self.one(terms)

    def truth(self, depth: int = 2) -> str:
        """A truth value."""
        i, v, c = self.of("Server"), self.of("Value"), self.of("Color")
        terms = [*self.of("bool"), *self.reads({"flag": ["flag"], "owned": [f"owned[{x}]" for x in v]})]
        terms += self.reads({"table": [f"table[{x}][{y}]" for x in c for y in i]})
        terms += [f"{m}.ok" for m in self.of("Tell")]
        for name, members in {"up": i, "seen": v, "paints": c}.items():
            terms += [f"{x} in {r}" for r in self.reads({name: [name]}) for x in members]
        terms += [f"{x} in {r}" for r in self.reads({"votes": [f"votes[{x}]" for x in i]}) for x in i]
        terms += [f"{r} == {x}" for r in self.reads({"owner": ["owner"]}) for x in [*i, "NIL"]]
        terms += [f"{r} == {x}" for r in self.reads({"chosen": ["chosen"], "last": ["last.v"]}) for x in v]
        terms += [f"{r} != {x}" for r in self.reads({"leader": [f"leader[{x}]" for x in i]}) for x in [*i, "NIL"]]
        terms += [f"{r} >> {x} & 1 == 1" for r in self.reads({"group": ["group"]}) for x in i]
        terms += [f"{r} >> {x} & 1 == 1" for r in self.reads({"teams": [f"teams[{y}]" for y in i]}) for x in i]
        terms += [
            f"{r} <= {self.state}.ticket[{x}]" for r in self.reads({"ticket": [f"ticket[{y}]" for y in i]}) for x in i
        ]
        terms += [f"40 * {self.number(0)} in {r}" for r in self.reads({"big": ["big"]})]
        terms += [f"{m}.crowd >> {x} & 1 == 1" for m in self.of("Tell") for x in i]
        terms += [f"{x} == {y}" for x in i for y in i if x < y]
        terms += [f"{m}.{end} == {x}" for m in self.of("Ask") for end in ("source", "dest") for x in i]
        terms += [f"Ask(0, {x}, {x}) in {r}" for r in self.reads({"messages": ["messages"]}) for x in i]
        form = self.one(["term", "order", "order", "color", "not", "both"]) if depth else self.one(["term", "order"])
        if form == "order" or not terms:
            sign = self.one(["<", "<=", "==", "!=", ">"])
            return f"{self.number(max(depth - 1, 0))} {sign} {self.number(0)}"
        if form == "color":
            return f"{self.paint()} == {self.paint()}"
        if form == "not":
            return f"not ({self.truth(depth - 1)})"
        if form == "both":
            return f"({self.truth(depth - 1)}) {self.one(['and', 'or'])} ({self.truth(0)})"
        return self.one(terms)

    def fitting(self, most: int) -> str:
        """A number that is at most so large."""
        return f"min({self.number()}, {most})"

    def entry(self) -> str:
        return f"Entry({self.fitting(self.max_n + 1)}, {self.one(self.of('Value'))})"

    def writes(self) -> list[str]:
        """Lines, one of which changes the state."""
        i, v, c = self.of("Server"), self.of("Value"), self.of("Color")
        x = self.one(i) if i else ""
        y = self.one(i) if i else ""
        small, wide = self.max_n + 1, 2 * self.max_n + 1
        place = f"40 * {self.fitting(self.max_n)} + {self.one(['0', '30'])}"
        options: list[tuple[str, list[str]]] = [
            ("n", [f"s.n = {self.fitting(small)}"]),
            ("n", [f"s.n = min(s.n + 1, {small})"]),
            ("wide", [f"s.wide = {self.fitting(wide)}"]),
            ("flag", [f"s.flag = {self.truth()}"]),
            ("color", [f"s.color = {self.paint()}"]),
            ("owner", [f"s.owner = {x or 'NIL'}"]),
            ("owner", ["s.owner = NIL"]),
            ("paints", [f"s.paints.add({self.paint()})"]),
            ("paints", ["s.paints.clear()"]),
            ("up", [f"all_up = {self.truth()}", "for z in s.servers:", "    if all_up:", "        s.up.add(z)"]),
            (
                "count",
                [
                    f"more = {self.number(1)}",
                    "for z in s.servers:",
                    f"    s.count[z] = min(s.count[z] + more, {small})",
                ],
            ),
            ("queue", ["if len(s.queue) <= 1:", f"    s.queue.append({self.paint()})"]),
            ("queue", [f"s.queue.truncate(len(s.queue) * {self.one(['0', '1'])})"]),
            ("queue", ["if len(s.queue) > 0:", "    s.queue.pop()"]),
            ("queue", ["if len(s.queue) > 0:", "    s.queue.drop(1)"]),
            ("ones", ["if len(s.ones) <= 1:", "    s.ones.append(Only.ONE)"]),
            ("ones", ["s.ones.drop(len(s.ones) // 2)"]),
            ("big", [f"s.big.{self.one(['add', 'add', 'discard'])}({place})"]),
            ("big", ["if len(s.big) > 1:", "    s.big.clear()"]),
            ("inner", [f"s.inner.k = {self.fitting(small)}"]),
        ]
        if v:
            z = self.one(v)
            options += [
                ("chosen", [f"s.chosen = {z}"]),
                ("last", [f"s.last = {self.entry()}"]),
                ("owned", [f"s.owned[{z}] = {self.truth()}"]),
                ("seen", [f"s.seen.{self.one(['add', 'discard'])}({z})"]),
            ]
            options += [("held", [f"s.held[{x}][{z}] = {self.fitting(small)}"])] if i else []
            options += [("log", [f"if len(s.log[{x}]) <= 1:", f"    s.log[{x}].append({self.entry()})"])] if i else []
        if c:
            z = self.one(c)
            far = [f"if len(s.far[{z}]) < 12:", f"    s.far[{z}].append({self.fitting(wide)})"]
            options += [("place", [f"s.place[{z}] = {self.fitting(wide)}"]), ("far", far)]
            options += [("table", [f"s.table[{z}][{x}] = {self.truth()}"])] if i else []
        if i:
            options += [
                ("count", [f"s.count[{x}] = {self.fitting(small)}"]),
                ("marks", [f"s.marks[{x}][{y}] = {self.fitting(wide)}"]),
                ("votes", [f"s.votes[{x}].{self.one(['add', 'discard'])}({y})"]),
                ("votes", [f"s.votes[{x}].clear()"]),
                ("leader", [f"s.leader[{x}] = {self.one([y, 'NIL'])}"]),
                ("tint", [f"s.tint[{x}] = {self.paint()}"]),
                ("up", [f"s.up.{self.one(['add', 'discard'])}({x})"]),
                ("group", [f"s.group = s.group {self.one([f'| 1 << {x}', f'& ~(1 << {x})'])}"]),
                ("teams", [f"s.teams[{x}] = s.teams[{y}] | 1 << {x}"]),
                ("teams", [f"s.teams[{x}] = {self.one(['0', f'1 << {y}'])}"]),
                ("ticket", [f"s.ticket[{x}] = {self.one(['above(s)', 'above(s)', f's.ticket[{y}]', '0'])}"]),
                ("inner", [f"s.inner.tally[{x}] = {self.fitting(small)}"]),
                ("log", [f"forget(s, {x})"]),
            ]
        there = [lines for name, lines in options if name in self.fields]
        return self.chance.choice(there)

    def sends(self) -> list[str]:
        """A line that sends a message, if there is a bag and somebody to speak of."""
        i = self.of("Server")
        if "messages" not in self.fields or not i:
            return []
        ask = f"Ask({self.fitting(self.max_n + 1)}, {self.one(i)}, {self.one(i)})"
        crowd = self.one(
            ["0", f"1 << {self.one(i)}", *self.reads({"group": ["group"], "teams": [f"teams[{x}]" for x in i]})]
        )
        tell = f"Tell({self.truth(1)}, {self.one(i)}, {self.entry()}, {crowd})" if self.of("Value") else ask
        return [f"s.messages.send({self.one([ask, tell])})"]


def _function(writer: Writer, decorator: str, name: str, answer: str, body: list[str]) -> str:
    states = "s: S, t: S" if "t" in writer.names else "s: S"
    given = "".join(f", {n}: {s}" for n, s in writer.names.items() if n not in "st")
    lines = "".join(f"    {line}\n" for line in body)
    return f"@model.{decorator}\ndef {name}({states}{given}) -> {answer}:\n{lines}\n\n"


def _action(chance: Random, fields: dict[str, str], max_n: int, number: int) -> str:
    names = {n: SORTS[n] for n in sorted(chance.sample(sorted(SORTS), chance.randint(1, 3)))}
    if "messages" in fields and chance.random() < 0.5:
        names |= {"m": chance.choice(["Ask", "Tell"]), "i": "Server"}
    writer = Writer(chance, fields, max_n, names)
    rule = writer.one(["", "", "s.upholds(Rule.CARE) and ", "not s.upholds(Rule.MORE_CARE) or "])
    guarded = rule or chance.random() < 0.6
    body = [f"if {rule}{writer.truth()}:", "    return False"] if guarded else []
    body += ["s.messages.discard(m)"] if "m" in names and chance.random() < 0.7 else []
    for _ in range(chance.randint(1, 2)):
        body += writer.writes()
    body += writer.sends() if chance.random() < 0.5 else []
    fault = writer.one(["", "", "", 'fault="drop"', 'fault="crash"'])
    return _function(writer, f"action({fault})", f"action_{number}", "bool", [*body, "return True"])


def _choosing(chance: Random, fields: dict[str, str], max_n: int) -> str:
    """An action that chooses a color for each server, and one whose parameter is restricted."""
    writer = Writer(chance, fields, max_n, {"i": "Server"})
    body = [*writer.writes(), "return True"]
    writer.names = {"i": "Annotated[Server, Where(is_fresh)]"}
    text = _function(writer, "action()", "restricted", "bool", body)
    if "tint" not in fields:
        return text
    body = ["for z in s.servers:", "    s.tint[z] = w[z]", "return True"]
    writer.names = {"w": "Annotated[Map[Server, Color], Where(may_have)]"}
    return text + _function(writer, "action()", "paint_all", "bool", body)


def _reductions(chance: Random, fields: dict[str, str], max_n: int) -> str:
    """When a field is live, which its own value does not decide; and a normal form."""
    text = "@model.reduction()\ndef tidy(s: S) -> None:\n    s.queue.truncate(1 if len(s.queue) > 0 else 0)\n\n\n"
    for name in chance.sample(sorted(LIVE), len(LIVE)):
        if name in fields:
            writer = Writer(chance, {n: f for n, f in fields.items() if n not in (name, "queue")}, max_n)
            writer.names = dict.fromkeys(LIVE[name], "Server")
            answer = f"return {writer.number(1)} < {writer.number(1)}"
            return text + _function(writer, f'live("{name}")', "while_needed", "bool", [answer])
    return text


def _property(chance: Random, fields: dict[str, str], max_n: int, kind: str, number: int) -> str:
    names = {n: SORTS[n] for n in sorted(chance.sample(["i", "v", "c"], chance.randint(0, 2)))}
    steps = kind == "action_invariant" or (kind == "witness" and chance.random() < 0.5)
    writer = Writer(chance, fields, max_n, names)
    first = writer.truth()
    writer.state = "t" if steps else "s"
    second = writer.truth()
    if steps:
        writer.names = {"t": "S", **names}
    early = f"s.n + len(s.queue) < {chance.randint(1, 3)}"
    answer = f"({first}) and ({second})" if kind == "witness" else f"{early} or ({first}) or ({second})"
    return _function(writer, kind, f"{kind}_{number}", "bool", [f"return {answer}"])


def random_model(chance: Random) -> str:
    """The text of a model."""
    fields = ALWAYS | {name: SOMETIMES[name] for name in sorted(chance.sample(sorted(SOMETIMES), chance.randint(3, 7)))}
    max_n = chance.randint(1, 2)
    bounds = {
        "servers": chance.choice([1, 2, 3, 3, 3]),
        "values": chance.randint(1, 2),
        "max_n": max_n,
        "max_log": chance.randint(1, 2),
        "max_in_flight": chance.randint(1, 2),
        "max_copies": chance.randint(1, 2),
    }
    text = HEAD + "class S(State):\n    servers: Members[Server]\n    values: Members[Value]\n"
    text += "".join(f"    {name}: {annotation}\n" for name, annotation in fields.items())
    text += f'\n\nmodel = Model("random", S, bounds={bounds}, rules=Rule)\n\n\n'
    initial = Writer(chance, fields, max_n, chance.choice([{}, {"c": "Color"}, {"i": "Server"}]))
    body = initial.writes()
    if "last" in fields:
        # A new state's value is the first one; only all of them together are the same under relabelling.
        initial.names = {**initial.names, "v": "Value"}
        body = ["s.last = Entry(0, v)", *body]
    text += _function(initial, "initial", "init", "None", body)
    text += "".join(_action(chance, fields, max_n, k) for k in range(chance.randint(3, 5)))
    text += _choosing(chance, fields, max_n) + _reductions(chance, fields, max_n)
    for number, kind in enumerate(["invariant", "action_invariant", "witness", "witness"]):
        text += _property(chance, fields, max_n, kind, number)
    return text + (_property(chance, fields, max_n, "constraint", 0) if chance.random() < 0.3 else "")

"""The study as pages: what is seen of changes and what is not; what conditions and fields were shown to reject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from raftproof.traces.conformance.clauses import Clause, in_modules
from raftproof.traces.mutation.reasons import why_uncompared, why_undecided, why_unrefused, why_unseen
from raftproof.traces.mutation.study import Kind, Study, Trace, all_functions
from raftproof.traces.mutation.witnesses import Witness, Witnesses, lines_by_field


def changes_page(result: Study, seed: int, matter: Mapping[str, int], functions: Iterable[str]) -> str:
    """What became of random changes; which rules matter, and which functions found a departure in any trace at all."""
    tried, rejected = sum(result.tried.values()), sum(result.rejected.values())
    lines = [
        "# Changed traces: what is seen, and what is not",
        "",
        f"{tried:,} changes of good traces (seed {seed}); {rejected:,} rejected: **{100 * result.share:.1f} %**.",
        "",
        "Which condition of the model and which compared field rejects is on [a page of its own](clauses.md).",
        "",
        "| change | tried | rejected |",
        "|---|---:|---:|",
    ]
    kinds, seen = Counter[str](), Counter[str]()
    for (_, kind), number in result.tried.items():
        kinds[kind] += number
    for (_, kind), number in result.rejected.items():
        seen[kind] += number
    lines += [f"| `{kind}` | {n:,} | {100 * seen[kind] / n:.1f} % |" for kind, n in sorted(kinds.items())]
    lines += ["", "## What went unseen", "", "| event | change | unseen of | why |", "|---|---|---:|---|"]
    for (event, kind), n in sorted(result.tried.items()):
        unseen = n - result.rejected[event, kind]
        if unseen:
            lines.append(f"| {event} | `{kind}` | {unseen} of {n} | {why_unseen(kind, event)} |")
    never = [f"{event} `{kind}`" for event, kind in sorted(result.tried) if not result.rejected[event, kind]]
    lines += ["", "Fields whose change was never seen: " + (", ".join(never) or "none") + ".", ""]
    lines += ["## Rules by which changes were rejected", "", "| rule | times |", "|---|---:|"]
    lines += [f"| `{rule}` | {n:,} |" for rule, n in result.rules.most_common()]
    silent = [f"`{name}`" for name in sorted(all_functions() - set(functions))]
    lines += ["", f"Functions of the check that found no departure, untested here: {', '.join(silent) or 'none'}."]
    lines += ["", "## Rules of the model, switched off one by one", ""]
    lines += ["| rule | traces, good and bad, whose verdict changes |", "|---|---:|"]
    lines += [f"| `{rule}` | {n or '0: untested'} |" for rule, n in matter.items()]
    return "\n".join(lines) + "\n"


def clauses_page(result: Study, found: Witnesses, traces: Sequence[Trace]) -> str:
    """Each condition of the model and each compared field, and the trace that it was shown to reject."""
    every = [clause for _, there in in_modules() for clause in there]
    refusing = [clause for clause in every if clause.enables]
    deciding = [clause for clause in every if not clause.enables]
    fields = sorted(lines_by_field(traces))
    lines = [
        "# What can reject: condition by condition, field by field",
        "",
        "Acceptance could come from laxness. So each condition in the source of `model/deployed`",
        "(`traces/conformance/clauses.py` finds them), and each field of each event, is shown to be able to reject a",
        "trace. The traces are kept in `witnesses.json`; `pytest tests/traces/test_witnesses.py` looks at them again.",
        "",
        "| | in all | shown to reject | untested |",
        "|---|---:|---:|---:|",
        _share("conditions at which an action answers False", refusing, found.refuses),
        _share("conditions that choose between outcomes of an action", deciding, found.decides),
        _share("fields of events", fields, found.compares),
        "",
        "## Conditions at which an action answers False",
        "",
        "A changed trace is rejected, and the departure names the condition. The number is how many changed traces it",
        "rejected; the trace is one of them.",
        "",
    ]
    for module, there in in_modules():
        lines += [f"### `model/deployed/{module}.py`", "", "| condition | rejected | for instance |", "|---|---:|---|"]
        for clause in there:
            if clause.name in found.refuses:
                witness = found.refuses[clause.name]
                lines.append(f"| {_code(clause)} | {result.refused[clause.name]:,} | {_instance(witness)} |")
        lines.append("")
    lines += ["Untested:", "", "| condition | why |", "|---|---|"]
    lines += [f"| {_code(c)} | {why_unrefused(c.name)} |" for c in refusing if c.name not in found.refuses]
    lines += [
        "",
        "## Conditions that choose between outcomes of an action",
        "",
        "A good trace is rejected once the condition is turned round in one step of the model. A server that decides",
        "so differs from the model in the same way, and its trace is rejected alike.",
        "",
        "| condition | turned round in | rejected at |",
        "|---|---|---|",
    ]
    for clause in deciding:
        if clause.name in found.decides:
            witness = found.decides[clause.name]
            lines.append(f"| {_code(clause)} | `{witness.trace}`, step {witness.step} | line {witness.line} |")
    lines += ["", "Untested:", "", "| condition | why |", "|---|---|"]
    lines += [f"| {_code(c)} | {why_undecided(c.name)} |" for c in deciding if c.name not in found.decides]
    lines += [
        "",
        "## Fields of events",
        "",
        "A trace is changed in the field alone, and rejected at that very line. Of so many changes: rejected at the",
        "line, rejected later, unseen.",
        "",
        "| event | field | changed | at the line | later | unseen |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [_field(name, result) for name in fields if name in found.compares]
    lines += ["", "Never rejected at the line:", "", "| field | why |", "|---|---|"]
    lines += [f"| {name} | {why_uncompared(name)} |" for name in fields if name not in found.compares]
    return "\n".join(lines) + "\n"


def _share(what: str, every: Sequence[Clause] | Sequence[str], shown: Iterable[str]) -> str:
    count = len(set(shown))
    return f"| {what} | {len(every)} | {count} | {len(every) - count} |"


def _code(clause: Clause) -> str:
    text = clause.name.replace("|", "\\|")
    return f"`{text}`"


def _instance(witness: Witness) -> str:
    strict = ", `--strict`" if witness.strict else ""
    change = witness.change
    if change is None:
        return f"`{witness.trace}` as it stands, line {witness.line}{strict}"
    value = str(change.value).lower() if isinstance(change.value, bool) else change.value
    what = f"{change.kind} becomes {value}" if change.place else change.kind
    return f"`{witness.trace}`, event {change.at + 1}: {what}; line {witness.line}{strict}"


def _field(name: str, result: Study) -> str:
    event, _, changed = name.partition(" ")
    kind: Kind = event, changed
    tried, rejected, here = result.tried[kind], result.rejected[kind], result.at_the_line[kind]
    return f"| {event} | `{changed}` | {tried:,} | {here:,} | {rejected - here:,} | {tried - rejected:,} |"

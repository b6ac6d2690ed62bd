"""`raftproof gallery`: every broken rule, what it violates, in how many steps, and the picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from raftproof.commands.gallery_rules import Shown

_USAGE, _DIFFERS = 2, 1


def command(
    rules: Annotated[list[str] | None, typer.Argument(metavar="RULE …", help="Rules; all, if none.")] = None,
    properties: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,…", help="Which broken rules do these properties catch? Or FILE.py, a model with its own."
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--check", help="Search again, and compare with what is kept.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pages here.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - is stdout.")] = None,
) -> None:
    """What falls without each rule of Raft: the property, the shortest counterexample, the picture.

    `raftproof gallery` lists all rules; `raftproof gallery commit_own_term` tells of one; `--out docs/gallery` builds
    the pages. `--properties ElectionSafety,LogMatching` prints which broken rules these properties would catch.

    Exit codes: 0 told or written; 1 `--check` finds something else; 2 usage.
    """
    from raftproof.checker.names import perhaps
    from raftproof.commands.gallery_rules import as_json, names, shown

    known = names()
    for name in rules or ():
        if name not in known:
            _fail(f"the gallery has no rule {name}{perhaps(name, known)}; it has {', '.join(known)}")
    chosen = [shown(name) for name in rules or known]
    if properties is not None:
        _print_matrix(chosen, properties, json_file)
    elif again:
        _check(chosen)
    elif json_file is not None:
        _write_json([as_json(rule) for rule in chosen], json_file)
    elif out is None:
        print("\n\n".join(map(_told, chosen)) if rules else _list(chosen))
    if out is not None:
        _write_pages(chosen, out, index=not rules)


def _list(rules: list[Shown]) -> str:
    """A line a rule and model."""
    lines = [f"{'without':24} {'falls':20} {'states':>6}  in"]
    for rule in rules:
        rows = [(exhibit.property, str(exhibit.depth), asked.command) for asked, exhibit in rule.exhibits]
        if not any(row[0] for row in rows) and rule.harmless:
            rows = [("nothing", "", command) for _, _, command in rows or [("", "", "every model that has it")]]
        if rule.seed and rule.seed.seed is not None:
            rows.append((rule.seed.falls, "", rule.seed.command))
        for number, (falls, depth, where) in enumerate(rows):
            lines.append(f"{rule.name if number == 0 else '':24} {falls:20} {depth:>6}  {where}")
    return "\n".join(lines)


def _told(rule: Shown) -> str:
    """All about one rule."""
    from raftproof.checker.show.text import steps_text
    from raftproof.checker.show.words import bounds_text, count_text
    from raftproof.model.gallery import replayed

    lines = [rule.name, f"  {rule.sentence} ({rule.place})"]
    lines += [f"  {rule.harmless}"] if rule.harmless else []
    for number, (asked, exhibit) in enumerate(rule.exhibits):
        falls = f"{exhibit.property} falls" if exhibit.property else "nothing falls"
        steps = f" after {count_text(exhibit.depth - 1, 'steps')}" if exhibit.property else ""
        faults = ", ".join(exhibit.faults) or "none"
        lines += ["", f"In {asked.model.name} {falls}{steps}: {bounds_text(exhibit.bounds)}; faults: {faults}."]
        lines += [f"  again: {asked.command}"]
        if exhibit.property and number == 0:
            lines += ["", steps_text(replayed(asked, exhibit)).rstrip()]
    if rule.lemma:
        cluster = rule.lemma.cluster
        lines += [
            "",
            f"In the proof {rule.lemma.falls} falls first, after {rule.lemma.action}, in a cluster of {cluster}.",
        ]
        lines += [f"  again: {rule.lemma_command}"]
    if rule.seed and rule.seed.seed is not None:
        lines += ["", f"In the implementation {rule.seed.falls} falls in simulated run {rule.seed.seed}."]
        lines += [f"  again: {rule.seed.command}"]
    elif rule.seed:
        lines += ["", f"In the implementation nothing falls in the first {rule.seed.runs:,} simulated runs."]
    lines += ["", "It has happened in:"] if rule.happened else []
    lines += [f"  {one.name}: {one.story}\n    {one.link}" for one in rule.happened]
    return "\n".join(lines)


def _write_pages(rules: list[Shown], out: Path, *, index: bool) -> None:
    from raftproof.commands.gallery_pages import write_pages

    try:
        written = write_pages(rules, out, index)
    except OSError as fault:
        _fail(f"{fault.filename}: {fault.strerror}; the pages cannot be written there")
    size = sum(file.stat().st_size for file in written) / 2**20
    first = out / ("index.html" if index else f"{rules[0].name}.html")
    print(f"raftproof: wrote {len(written)} files, {size:.1f} MiB; open {first}", file=sys.stderr)


def _check(rules: list[Shown]) -> None:
    """Search again; the least counterexample is the same for any number of workers, so nothing may differ."""
    from raftproof.checker.run import check
    from raftproof.model.gallery.search import exhibit_of

    differs = 0
    for rule in rules:
        for asked, exhibit in rule.exhibits:
            same = exhibit_of(asked, check(asked.question(workers=2))) == exhibit
            differs += not same
            print(f"{'the same' if same else 'DIFFERS '}  {asked.command}", flush=True)
    raise typer.Exit(_DIFFERS if differs else 0)


def _print_matrix(rules: list[Shown], properties: str, json_file: str | None) -> None:
    from raftproof.checker.language import BoundsError, ModelError
    from raftproof.commands.gallery_matrix import matrix_of

    try:
        matrix = matrix_of(rules, properties)
    except (BoundsError, ModelError) as fault:
        _fail(str(fault))
    if json_file is not None:
        _write_json(matrix.as_json(), json_file)
    if json_file != "-":
        print(matrix.text())


def _write_json(content: object, json_file: str) -> None:
    import msgspec

    encoded = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    if json_file == "-":
        sys.stdout.buffer.write(encoded)
        sys.stdout.flush()
        return
    try:
        Path(json_file).write_bytes(encoded)
    except OSError as fault:
        _fail(f"{json_file}: {fault.strerror}; nothing can be written there")


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"raftproof gallery: {sentence}.", err=True)
    raise typer.Exit(_USAGE)

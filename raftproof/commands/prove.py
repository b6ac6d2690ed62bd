"""`raftproof prove`: the safety argument, for clusters of every size."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raftproof.commands.asking import prepare

if TYPE_CHECKING:
    from raftproof.checker.proof.breaking import Outcome
    from raftproof.checker.proof.induction import Counterexample
    from raftproof.checker.proof.prover import Proof
    from raftproof.checker.proof.theory import Nature, Theory
    from raftproof.model.proof.reached import Ahead

EXIT_CODES = {"proved": 0, "refuted": 1, "unknown": 3}
_USAGE, _BAD_MODEL, _INTERRUPTED = 2, 4, 130


def command(
    goals: Annotated[list[str] | None, typer.Argument(metavar="GOAL …", help="Goals or lemmas; all, if none.")] = None,
    without: Annotated[str | None, typer.Option(metavar="LEMMA", help="Prove again without this lemma.")] = None,
    break_rule: Annotated[
        str | None,
        typer.Option("--break", metavar="RULE", help="Make a rule wrong, or leave out a guard: Action.guard."),
    ] = None,
    solver: Annotated[str, typer.Option(metavar="z3|cvc5", help="Who is asked.")] = "z3",
    seed: Annotated[int, typer.Option(min=0, help="The solver's seed.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the picture here.")] = None,
    json_file: Annotated[str | None, typer.Option("--json", metavar="FILE", help="Write JSON; - is stdout.")] = None,
) -> None:
    """Prove Raft's safety for every cluster, in seconds, or see what breaks it.

    `raftproof prove` proves everything; `raftproof prove LogMatching` what Log Matching rests on. `--without VoteOnce`
    and `--break log_up_to_date` show a state in which the rest of the argument holds, and the step that ends it.

    Exit codes: 0 proved, 1 refuted, 2 usage, 3 unknown (a time-out is never a proof), 130 Ctrl-C.
    """
    from raftproof.checker.proof.interrupts import remembered
    from raftproof.checker.proof.solver import SOLVERS, MissingSolver, require
    from raftproof.checker.proof.stratification import NotStratified
    from raftproof.checker.proof.theory import UnknownName

    if solver not in SOLVERS:
        _fail(f"--solver {solver}: write {' or '.join(SOLVERS)}", _USAGE)
    if without and break_rule:
        _fail("--without and --break ask two different questions: give one of them", _USAGE)
    if (without or break_rule) and solver != "z3":
        _fail(f"--solver {solver}: what falls is looked for with z3 alone", _USAGE)
    prepare(out, json_file)
    try:
        require(solver)
        with remembered():
            if without or break_rule:
                code = _what_falls(goals or [], without, break_rule, seed, out, json_file)
            else:
                code = _prove_all(goals or [], solver, seed, out, json_file)
    except (UnknownName, MissingSolver) as fault:
        _fail(str(fault), _USAGE)
    except NotStratified as fault:
        _fail(str(fault), _BAD_MODEL)
    except KeyboardInterrupt:
        _write_json({"verdict": "incomplete"}, json_file)
        raise typer.Exit(_INTERRUPTED) from None
    raise typer.Exit(code)


def _prove_all(goals: list[str], solver: str, seed: int, out: Path | None, json_file: str | None) -> int:
    from raftproof.checker.proof.induction import satisfiable
    from raftproof.checker.proof.prover import prove
    from raftproof.model.proof import RAFT
    from raftproof.model.proof.cores import stored
    from raftproof.model.proof.instances import GROWING

    with _progress() as progress:
        proof = prove(RAFT, stored(), goals, seed=seed, solver=solver, workers=2, progress=progress)
    vacuous = [action.name for action in RAFT.actions if satisfiable(RAFT, action.name, GROWING) is None]
    if json_file != "-":
        _print_proof(RAFT, proof, goals, vacuous)
    if out is not None:
        from raftproof.checker.proof.graph import draw

        _say(draw(RAFT, stored(), goals, proof.seconds_of, out / "proof-graph.svg"), json_file)
    kinds = {"goal", "step", "witness"}
    named = {n: v for n, v in proof.claims.items() if RAFT.claim(n).kind in kinds or n in goals}
    _write_json(
        {
            "verdict": _verdict(proof, vacuous),
            "obligations": len(proof.asked),
            "proved": sum(one.answer.outcome == "unsat" for one in proof.asked),
            "failed": proof.failed,
            "unknown": proof.unknown,
            "cpu_seconds": round(proof.cpu_seconds, 3),
            "goals": named,
            "solver": solver,
            "seed": seed,
            "lemmas": {name: round(seconds, 3) for name, seconds in proof.seconds_of.items()},
            "stale": proof.stale,
            "vacuous": vacuous,
            "assumptions": list(RAFT.assumptions),
        },
        json_file,
    )
    return EXIT_CODES[_verdict(proof, vacuous)]


def _verdict(proof: Proof, vacuous: list[str]) -> str:
    """What is proved of an action that may never be taken is not worth the name."""
    return "unknown" if vacuous and proof.verdict == "proved" else proof.verdict


def _print_proof(theory: Theory[Any], proof: Proof, goals: list[str], vacuous: list[str]) -> None:
    for name, verdict in proof.claims.items():
        claim = theory.claim(name)
        if claim.kind != "lemma" or name in goals or verdict != "proved":
            print(f"{verdict:8} {name:24} {proof.seconds_of[name]:6.2f} s  {' '.join(claim.sentence.split())}")
    lemmas = [name for name in proof.claims if theory.claim(name).kind == "lemma"]
    proved = sum(one.answer.outcome == "unsat" for one in proof.asked)
    print(f"\n{_verdict(proof, vacuous)}: {proved} of {len(proof.asked)} obligations, {len(lemmas)} lemmas,", end=" ")
    print(f"{proof.cpu_seconds:.1f} CPU seconds, {proof.solver}, seed {proof.seed}")
    for key in proof.failed:
        print(f"refuted: {key}")
    for key in proof.unknown:
        print(f"unknown: {key}")
    if proof.stale:
        print(f"{len(proof.stale)} obligations have changed and were given every hypothesis.", end=" ")
        print("Find what they need: python -m raftproof.model.proof.cores")
    print("for any number of servers, terms, entries and values, assuming:")
    for assumption in theory.assumptions:
        print(f"  - {assumption}")
    if vacuous:
        print(f"perhaps vacuous: no small state satisfies every lemma and enables {', '.join(vacuous)}")
    else:
        print(
            f"not vacuous: each of the {len(theory.actions)} actions is enabled in a state that satisfies every lemma"
        )
    print(f"again: raftproof prove {' '.join([*goals, ''])}--solver {proof.solver} --seed {proof.seed}")


def _what_falls(
    goals: list[str], without: str | None, break_rule: str | None, seed: int, out: Path | None, json_file: str | None
) -> int:
    from raftproof.checker.proof.breaking import falls
    from raftproof.model.proof import RAFT, wrong
    from raftproof.model.proof.cores import stored
    from raftproof.model.proof.instances import GROWING
    from raftproof.model.proof.matrix import likely
    from raftproof.model.proof.reached import Ahead

    for goal in goals:
        RAFT.claim(goal)
    if break_rule:
        rule = wrong.rule(break_rule)
        theory, instances, title = rule.change(RAFT), rule.instances, f"{rule.sentence} ({rule.paper})"
    else:
        assert without is not None
        theory, instances = RAFT.without_lemma(without), GROWING
        title = f"Without {without}: {' '.join(RAFT.claim(without).sentence.split())}"
    option = f"--break {break_rule}" if break_rule else f"--without {without}"
    _say(f"{' '.join(title.split())}\n", json_file)
    # A claim of one's own falls in a cluster of another size, so its size is not guessed.
    with Ahead(None if goals else likely(break_rule or without or "", instances)) as ahead:
        typer.echo("looking for a state in which the rest holds, and a step that breaks some of it", err=True)
        outcome = falls(theory, stored(), instances, goals, seed=seed, workers=2)
        if json_file != "-":
            _print_outcome(theory, outcome, without)
        if out is not None and outcome.counterexample is not None:
            from raftproof.model.proof.picture import draw

            picture = out / f"{break_rule or without}.svg"
            picture.write_text(draw(theory, outcome.counterexample), encoding="utf-8")
            _say(f"picture: {picture}", json_file)
        reached = _look_for(outcome, break_rule or "", ahead, json_file)
    again = f"raftproof prove {' '.join([*goals, ''])}{option} --seed {seed}"
    _say(f"again: {again}", json_file)
    _write_json(_outcome_json(theory, outcome, seed, again, reached), json_file)
    return EXIT_CODES[outcome.verdict]


def _look_for(outcome: Outcome, rule: str, ahead: Ahead, json_file: str | None) -> dict[str, Any] | None:
    """Ask the explorer whether the counterexample's first state can be reached; the answer as JSON."""
    found = outcome.counterexample
    if found is None:
        return None
    from dataclasses import asdict

    from raftproof.model.proof.reached import look_for

    sys.stdout.flush()  # whoever reads along may begin with the counterexample
    typer.echo(
        "exploring a cluster of this size, once the explorer is compiled: is the state before reached?", err=True
    )
    ahead.wait(found.instance)
    reached = look_for(found, rule)
    _say("\n".join(reached.sentences(found.lemma)), json_file)
    return asdict(reached)


def _print_outcome(theory: Theory[Any], outcome: Outcome, without: str | None) -> None:
    from raftproof.checker.proof.text import counterexample_text

    found = outcome.counterexample
    if found is not None:
        print(counterexample_text(theory, found))
        if without and without in found.fails_before:
            print(
                f"\nThe state before is unreachable: {without} fails in it, which is proved of every reachable state."
            )
        print(f"\nrefuted: {found.lemma} falls, in {outcome.seconds:.1f} s")
    elif outcome.verdict == "proved":
        print(f"proved all the same, from what is left: it is redundant ({outcome.seconds:.1f} s)")
    else:
        print(
            "unknown: there is neither a proof nor a counterexample in a small cluster, of", ", ".join(outcome.unknown)
        )


def _outcome_json(
    theory: Theory[Any], outcome: Outcome, seed: int, again: str, reached: dict[str, Any] | None
) -> dict[str, Any]:
    found = outcome.counterexample
    return {
        "verdict": outcome.verdict,
        "failed": [f"{found.action} → {found.lemma}"] if found else [],
        "unknown": outcome.unknown,
        "seconds": round(outcome.seconds, 3),
        "solver": "z3",
        "seed": seed,
        "command": again,
        "counterexample": _counterexample_json(theory, found) if found else None,
        "reached": reached,
    }


def _counterexample_json(theory: Theory[Any], found: Counterexample) -> dict[str, Any]:
    from raftproof.checker.proof.text import facts

    natures: tuple[Nature, ...] = ("state", "ghost", "fixed")
    return {
        "action": found.action,
        "arguments": found.arguments,
        "lemma": found.lemma,
        "values": found.values,
        "before": [fact for _, fact in facts(theory, found.before, natures)],
        "after": [fact for _, fact in facts(theory, found.after, natures)],
        "unreachable_because": list(found.fails_before),
    }


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    """A bar on a terminal's stderr; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("proving"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, key: bar.update(task, completed=done, total=total, description=key)


def _say(text: str, json_file: str | None) -> None:
    if json_file != "-":
        print(text)


def _write_json(report: dict[str, Any], json_file: str | None) -> None:
    import json

    if json_file is None:
        return
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    if json_file == "-":
        print(text, end="")
    else:
        Path(json_file).write_text(text, encoding="utf-8")


def _fail(sentence: str, code: int) -> None:
    typer.echo(f"raftproof prove: {sentence}", err=True)
    raise typer.Exit(code)

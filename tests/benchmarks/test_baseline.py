"""The opponent is fair only if it searches the same model: the counts that TLC gives, and checks that can fail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from baseline import build
from baseline.build import Answer, BaselineError, Configuration, search

EVERY_FAULT = ("restart", "drop", "duplicate")

# generated, distinct, distinct without symmetry (the orbits, summed), depth: equal to TLC's.
KNOWN = {
    "three servers": (Configuration(), 2_690_854, 341_387, 341_387, 48),
    "server symmetry": (Configuration(symmetry=True), 449_396, 57_021, 341_387, 48),
    "two entries": (Configuration(max_log=2, symmetry=True), 1_843_398, 246_508, 1_477_577, 57),
    "every fault": (Configuration(faults=EVERY_FAULT, symmetry=True), 3_813_460, 322_580, 1_931_973, 53),
    "two in flight": (Configuration(servers=2, values=2, max_term=3, max_in_flight=2), 370_471, 58_923, 58_923, 40),
    "two values": (Configuration(servers=2, values=2, max_term=3, max_log=2), 72_859, 12_986, 12_986, 41),
}

# The rule that is switched off, the one property that is checked (its bit and name), the depth at which it falls.
BROKEN = [
    ("VOTE_ONCE", 1, "ElectionSafety", 17, Configuration()),
    ("VOTE_ONCE", 2, "LogMatching", 19, Configuration(values=2)),
    ("LOG_UP_TO_DATE", 4, "LeaderCompleteness", 26, Configuration(max_term=3, symmetry=True)),
    ("LOG_UP_TO_DATE", 8, "StateMachineSafety", 32, Configuration(max_term=3, symmetry=True)),
    ("COMMIT_SENT_ONLY_UP_TO_ENTRY", 16, "CommitInLog", 25, Configuration(max_log=2)),
    ("LEADER_ONLY_APPENDS", 32, "LeaderAppendOnly", 12, Configuration(values=2)),
    ("TERM_ONLY_RISES", 64, "TermMonotone", 5, Configuration(max_term=3)),
]


@pytest.fixture(scope="module", autouse=True)
def _programs_are_compiled_afresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def counts(answer: Answer) -> tuple[int, int, int, int]:
    return answer.generated, answer.distinct, answer.unreduced, answer.depth


@pytest.mark.real("cc")
@pytest.mark.parametrize("name", KNOWN)
def test_the_counts_are_those_of_tlc_for_one_worker_and_for_two(name: str) -> None:
    configuration, *known = KNOWN[name]
    for workers in (1, 2):
        answer = search(configuration, workers)
        assert answer.verdict == "holds"
        assert counts(answer) == tuple(known)


@pytest.mark.real("cc")
def test_a_table_that_grows_in_the_middle_of_a_level_loses_nothing() -> None:
    answer = search(Configuration(), workers=2, table_bits=16)
    assert answer.table_slots > 1 << 16
    assert counts(answer) == tuple(KNOWN["three servers"][1:])


@pytest.mark.real("cc")
def test_looking_states_up_one_at_a_time_changes_no_count() -> None:
    assert counts(search(Configuration(batch=0))) == tuple(KNOWN["three servers"][1:])


@pytest.mark.real("cc")
@pytest.mark.parametrize(("rule", "bit", "name", "depth", "configuration"), BROKEN)
def test_every_property_falls_with_a_rule(
    rule: str, bit: int, name: str, depth: int, configuration: Configuration
) -> None:
    answer = search(replace(configuration, defines={"BREAK": rule, "PROPERTIES": bit}))
    assert (answer.verdict, answer.violated, answer.depth) == ("violated", [name], depth)


@pytest.mark.real("cc")
def test_the_source_compiles_without_a_warning() -> None:
    source = build.SOURCES / "figure2.c"
    command = ["cc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real("cc")
def test_the_command_prints_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--servers", "2", "--faults", "restart,drop", "--symmetry", "server"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "holds"


@pytest.mark.real("cc")
def test_bounds_that_do_not_fit_are_refused_in_a_sentence() -> None:
    with pytest.raises(BaselineError, match="does not fit into 64 bits: lower the bounds"):
        search(Configuration(servers=5, values=3, max_term=5, max_log=3))
    with pytest.raises(BaselineError, match="no bound below 1"):
        search(Configuration(max_log=0))
    with pytest.raises(BaselineError, match="0 is not a number from 1 to 64"):
        search(Configuration(servers=2), workers=0)


def test_without_a_compiler_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert build.main([]) == 2
    assert capsys.readouterr().err.startswith("the baseline needs a C compiler, and no cc is on the PATH: install one")


def test_an_unknown_fault_is_refused_with_the_names_of_those_that_exist() -> None:
    with pytest.raises(BaselineError, match="no fault 'reorder'; the faults are restart, drop, duplicate"):
        Configuration(faults=("reorder",)).macros()

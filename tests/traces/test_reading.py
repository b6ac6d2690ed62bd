"""What is read as a trace, in which order, and what is malformed: told with file and line, never by a traceback."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path
from threading import Thread

import pytest

from raftproof.traces.conformance import Outcome, conform, written_by_us
from raftproof.traces.events import Placed
from raftproof.traces.reading import Malformed, Unsorted, in_file_order, is_sorted, opened, sorted_whole

STABLE = Path(__file__).parent / "corpus" / "good" / "stable3-s1-n120.ndjson.gz"


@pytest.fixture
def lines() -> list[bytes]:
    return gzip.decompress(STABLE.read_bytes()).splitlines(keepends=True)


def written(folder: Path, content: bytes, name: str = "trace.ndjson") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def read(path: str) -> list[Placed]:
    with opened(path) as file:
        return list(in_file_order(path, file))


def malformed(path: str) -> Outcome:
    outcome = conform(path)
    assert outcome.verdict == "malformed", outcome.explanation()
    return outcome


def test_plain_and_compressed_files_are_the_same_trace(tmp_path: Path, lines: list[bytes]) -> None:
    plain = written(tmp_path, b"".join(lines))
    assert [item.event for item in read(plain)] == [item.event for item in read(str(STABLE))]
    assert conform(plain).verdict == "accepted"


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, lines: list[bytes]) -> None:
    class Input:
        buffer = io.BytesIO(b"".join(lines))

    monkeypatch.setattr(sys, "stdin", Input)
    assert conform("-").verdict == "accepted"


def test_a_pipe_is_read_once_and_its_last_lines_are_shown(tmp_path: Path, lines: list[bytes]) -> None:
    pipe = tmp_path / "trace"
    os.mkfifo(pipe)
    lines[60] = lines[60].replace(b'"log":', b'"log":9')
    writer = Thread(target=pipe.write_bytes, args=(b"".join(lines),))
    writer.start()
    assert not written_by_us(str(pipe))
    outcome = conform(str(pipe))
    writer.join()
    assert (outcome.verdict, outcome.line, outcome.recent[-1].number) == ("rejected", 61, 61)


def test_text_before_the_brace_and_other_lines_are_skipped(tmp_path: Path, lines: list[bytes]) -> None:
    noise = [b"starting up\n", b'{"level":"info","msg":"no event"}\n', b"\n", b'{"tag":"other","event":{"name":7}}\n']
    prefixed = [b"2024-04-05 raft: " + line for line in lines]
    path = written(tmp_path, b"".join([*noise, *prefixed]))
    assert conform(path).verdict == "accepted"
    assert read(path)[0].number == len(noise) + 1


def test_a_file_whose_time_goes_backwards_is_sorted_whole(tmp_path: Path, lines: list[bytes]) -> None:
    path = written(tmp_path, b"".join([*lines[60:], *lines[:60]]))
    with pytest.raises(Unsorted):
        read(path)
    with opened(path) as file:
        assert not is_sorted(path, file)
        whole = list(sorted_whole(path, file))
    assert [item.event for item in whole] == [item.event for item in read(str(STABLE))]
    assert conform(path).verdict == "accepted"


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path, lines: list[bytes]) -> None:
    path = written(
        tmp_path, b"".join(line.replace(b'"ts":1712329729.', b'"ts":1.0,"was":1712329729.') for line in lines)
    )
    assert conform(path).verdict == "accepted"


def test_a_departure_before_the_time_goes_backwards_does_not_count(tmp_path: Path, lines: list[bytes]) -> None:
    path = written(tmp_path, b"".join([lines[0], *lines[2:50], lines[1], *lines[50:]]))
    assert conform(path).verdict == "accepted"


CUTS = {
    "cut": (lambda line: line[: len(line) // 2] + b"\n", "is the line cut"),
    "no event": (lambda line: b'{"ts":1712329999.0,"tag":"trace"}\n', "has no event"),
    "type": (lambda line: line.replace(b'"log":', b'"log":"x","was":'), "Expected `int`, got `str`"),
    "negative": (lambda line: line.replace(b'"commit":', b'"commit":-1,"was":', 1), "Expected `int` >= 0"),
    "role": (lambda line: line.replace(b'"State', b'"Stately'), "Invalid enum value"),
    "name": (lambda line: line.replace(b'"name":"', b'"name":"X'), "Invalid enum value"),
    "missing": (lambda line: line.replace(b'"conf":', b'"cnf":'), "missing required field `conf`"),
    "number": (lambda line: line.replace(b'"log":', b'"log":1e400,"was":'), ""),
    "binary": (lambda line: b'{"tag":"trace",\xff\xfe\x00}\n', ""),
}


@pytest.mark.parametrize("what", CUTS)
def test_a_malformed_line_is_told_with_its_number(what: str, tmp_path: Path, lines: list[bytes]) -> None:
    change, words = CUTS[what]
    lines[70] = change(lines[70])
    outcome = malformed(written(tmp_path, b"".join(lines)))
    assert outcome.line == 71
    assert words in outcome.explanation()
    assert outcome.explanation().startswith(str(tmp_path / "trace.ndjson") + ":71: ")


def test_a_message_of_another_kind_than_its_event_is_malformed(tmp_path: Path, lines: list[bytes]) -> None:
    at = next(k for k, line in enumerate(lines) if b'"type":"MsgApp"' in line)
    lines[at] = lines[at].replace(b'"type":"MsgApp"', b'"type":"MsgVote"')
    assert malformed(written(tmp_path, b"".join(lines))).line == at + 1


def test_a_message_where_none_belongs_is_malformed(tmp_path: Path, lines: list[bytes]) -> None:
    at = next(k for k, line in enumerate(lines) if b'"type":"MsgApp"' in line)
    lines[at] = lines[at].replace(b'"SendAppendEntriesRequest"', b'"Ready"')
    assert malformed(written(tmp_path, b"".join(lines))).line == at + 1


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\xff", b"no trace at all\n"])
def test_a_file_without_events_is_malformed(content: bytes, tmp_path: Path) -> None:
    assert "no event" in malformed(written(tmp_path, content)).explanation()


def test_a_damaged_or_cut_archive_is_malformed(tmp_path: Path) -> None:
    packed = STABLE.read_bytes()
    for content in (packed[: len(packed) // 2], packed[:100] + b"\x00" * 50 + packed[150:], b"\x1f\x8b"):
        assert "damaged or cut" in malformed(written(tmp_path, content, "trace.gz")).explanation()


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    assert "cannot be opened: No such file" in malformed(str(tmp_path / "none.ndjson")).explanation()
    assert "cannot be" in malformed(str(tmp_path)).explanation()


def test_times_of_two_kinds_are_malformed(tmp_path: Path, lines: list[bytes]) -> None:
    lines[5] = lines[5].replace(b'"ts":', b'"ts":"2024-04-05","was":')
    assert malformed(written(tmp_path, b"".join(lines))).line == 6


def test_two_clusters_in_one_file_are_malformed(tmp_path: Path, lines: list[bytes]) -> None:
    other = []
    for line in lines:
        for digit in (b"1", b"2", b"3"):
            line = line.replace(b'"' + digit + b'"', b'"1' + digit + b'"')
        other.append(line)
    outcome = malformed(
        written(tmp_path, b"".join([*lines, *(line.replace(b'"ts":17', b'"ts":18') for line in other)]))
    )
    assert "more than one cluster" in outcome.explanation()


def test_a_trace_that_begins_in_the_middle_is_undetermined(tmp_path: Path, lines: list[bytes]) -> None:
    first = lines[0].replace(b'"log":0', b'"log":7')
    outcome = conform(written(tmp_path, first))
    assert outcome.verdict == "undetermined"
    assert "begins in the middle of the life of server" in outcome.explanation()


def test_malformed_names_file_and_line() -> None:
    assert str(Malformed("a", 3, "why")) == "a:3: why"
    assert str(Malformed("a", 0, "why")) == "a: why"

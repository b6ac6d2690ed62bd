"""The command line of the study."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from raftproof.traces.conformance import follow
from raftproof.traces.mutation.page import changes_page, clauses_page
from raftproof.traces.mutation.study import Study, load, rejection, rules_that_matter, study
from raftproof.traces.mutation.witnesses import Search


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the study, and write its pages and its witnesses."""
    parser = argparse.ArgumentParser(prog="python -m raftproof.traces.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000, help="how many changes")
    parser.add_argument("--traces", type=Path, required=True, help="a folder with traces in good/, bad/ and own/")
    parser.add_argument("--out", type=Path, required=True, help="a folder: mutations.md, clauses.md, witnesses.json")
    options = parser.parse_args(arguments)
    good, bad, own = (load(options.traces / name) for name in ("good", "bad", "own"))
    if not good:
        print(f"mutation: {options.traces}/good holds no *.ndjson.gz", file=sys.stderr)
        return 2
    result, search = Study(), Search()
    for found in study(good, options.seed, options.count, result):
        search.see(found)
    page = changes_page(result, options.seed, rules_that_matter(good + bad))
    strict = [trace for trace in good if follow(trace.items, strict=True).verdict == "accepted"]
    search.aim_at_lines(strict, options.seed, result, strict=True)
    search.aim_at_lines(good + own, options.seed, result)
    search.aim_at_fields(good + own, options.seed, result)
    for trace in bad:
        for demand in (False, True):
            as_it_is = rejection(trace, None, demand, follow(trace.items, demand))
            if as_it_is is not None:
                search.see(as_it_is)
                result.note_departure(as_it_is.departure)
    search.turn(good + own, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "mutations.md").write_text(page)
    (options.out / "clauses.md").write_text(clauses_page(result, search.found, good + own))
    text = msgspec.json.format(msgspec.json.encode(search.found, order="sorted"), indent=1)
    (options.out / "witnesses.json").write_bytes(text + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

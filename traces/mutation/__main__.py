"""The command line of the study."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from raftproof.traces.mutation.page import changes_page, clauses_page
from raftproof.traces.mutation.parts import aimed, by_chance, together
from raftproof.traces.mutation.study import load, rules_that_matter


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the study, and write its pages and its witnesses."""
    parser = argparse.ArgumentParser(prog="python -m raftproof.traces.mutation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000, help="how many changes")
    parser.add_argument("--traces", type=Path, required=True, help="a folder with traces in good/, bad/ and own/")
    parser.add_argument("--out", type=Path, required=True, help="a folder: mutations.md, clauses.md, witnesses.json")
    parser.add_argument("--workers", type=int, default=2, help="how many processes")
    options = parser.parse_args(arguments)
    folder = options.traces
    good = load(folder / "good")
    if not good:
        print(f"mutation: {folder}/good holds no *.ndjson.gz", file=sys.stderr)
        return 2
    random, found = together(folder, by_chance(options.seed, options.count), options.workers)
    matter = rules_that_matter(good + load(folder / "bad"))
    whole, more = together(folder, aimed(options.seed, folder), options.workers)
    whole.add(random)
    found.add(more)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "mutations.md").write_text(changes_page(random, options.seed, matter, whole.functions))
    (options.out / "clauses.md").write_text(clauses_page(whole, found, good + load(folder / "own")))
    text = msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=1)
    (options.out / "witnesses.json").write_bytes(text + b"\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""SIGKILL of the leader, again and again, at etcd's default timeouts: how long nobody serves, and that nothing is lost.

    .venv/bin/python benchmarks/kills.py [--kills 30] [--seed 1] [--only raftproof|etcd] [--json FILE]

Clients write and read all along (tests/impl/server/kills.py says which); what they saw is checked for linearizability.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests lie beside the benchmarks

from raftproof.traces.linearizability import Call, check
from tests.impl.server.kills import Killing
from tests.impl.server.processes import Cluster, etcd_command, raftproof_command


def main() -> int:
    """Run, print a line a system; 1 if anything was lost or not linearizable."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("raftproof", "etcd"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    systems = {"raftproof": raftproof_command, "etcd": etcd_command}
    if shutil.which("etcd") is None:
        print("etcd is not on this machine: it is left out", file=sys.stderr)
        del systems["etcd"]
    results = {}
    for name, command in systems.items():
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as directory, Cluster(command, 3, Path(directory)) as cluster:
            report = asyncio.run(Killing(cluster, options.seed).run(options.kills))
        history = [Call(op.client, op.key, op.kind, op.called, op.returned, op.value) for op in report.history]
        verdict = check(history).verdict
        print(f"{name}: {report.summary()}; {verdict}; {len(set(report.hashes))} hash", flush=True)
        outages = sorted(report.outages)
        results[name] = {
            "kills": report.kills,
            "outage_median_s": round(statistics.median(outages), 3),
            "outage_p95_s": round(outages[min(len(outages) - 1, int(len(outages) * 0.95))], 3),
            "acknowledged": len(report.acknowledged),
            "lost": len(report.lost),
            "verdict": verdict,
            "equal": len(set(report.hashes)) == 1,
        }
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(r["lost"] or r["verdict"] == "not_linearizable" or not r["equal"] for r in results.values()))


if __name__ == "__main__":
    sys.exit(main())

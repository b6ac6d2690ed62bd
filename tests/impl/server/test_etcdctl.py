"""Debian's etcdctl against three of our servers: what its users do, and what it prints."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.impl.server.processes import Cluster, free_ports, raftproof_command

pytestmark = [pytest.mark.real("etcdctl"), pytest.mark.slow]


class Etcdctl:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(
        self, *arguments: str, input: str = "", endpoints: list[str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        urls = ",".join(endpoints or self.cluster.client_urls)
        command = ["etcdctl", f"--endpoints={urls}", "--command-timeout=5s", *arguments]
        return subprocess.run(
            command, input=input, capture_output=True, text=True, timeout=30, env={**os.environ, "ETCDCTL_API": "3"}
        )

    def __call__(self, *arguments: str, input: str = "", endpoints: list[str] | None = None) -> str:
        done = self.run(*arguments, input=input, endpoints=endpoints)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0
        return done.stderr.strip().splitlines()[-1]

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-w", "json"))


@pytest.fixture(scope="module")
def etcdctl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcdctl]:
    with Cluster(raftproof_command, 3, tmp_path_factory.mktemp("etcdctl")) as cluster:
        cluster.leader()
        yield Etcdctl(cluster)


def test_put_get_and_del(etcdctl: Etcdctl) -> None:
    for key, value in (("k/1", "one"), ("k/2", "two"), ("k/3", "three")):
        assert etcdctl("put", key, value) == "OK\n"
    assert etcdctl("get", "k/2") == "k/2\ntwo\n"
    assert etcdctl("get", "--prefix", "k/", "--keys-only").split() == ["k/1", "k/2", "k/3"]
    assert etcdctl("get", "k/1", "k/3", "--print-value-only").split() == ["one", "two"]
    assert etcdctl("get", "--from-key", "k/2", "--limit=1") == "k/2\ntwo\n"
    assert etcdctl("get", "--prefix", "k/", "--sort-by=VALUE", "--order=DESCEND", "--print-value-only").split() == [
        "two", "three", "one",
    ]  # fmt: skip
    assert etcdctl("put", "k/2", "zwei", "--prev-kv") == "OK\nk/2\ntwo\n"
    assert etcdctl("del", "k/2", "--prev-kv") == "1\nk/2\nzwei\n"
    assert etcdctl("get", "k/2") == ""
    assert etcdctl("del", "--prefix", "k/") == "2\n"


def test_the_past_can_be_read_until_it_is_compacted(etcdctl: Etcdctl) -> None:
    first = etcdctl.json("put", "past", "1")["header"]["revision"]
    second = etcdctl.json("put", "past", "2")["header"]["revision"]
    assert etcdctl("get", "past", f"--rev={first}", "--print-value-only") == "1\n"
    assert etcdctl("compaction", str(second)) == f"compacted revision {second}\n"
    assert "required revision has been compacted" in etcdctl.refused("get", "past", f"--rev={first}")
    assert "required revision is a future revision" in etcdctl.refused("get", "past", f"--rev={second + 99}")
    assert "required revision has been compacted" in etcdctl.refused("compaction", str(first))


def test_transactions(etcdctl: Etcdctl) -> None:
    etcdctl("put", "t", "old")
    swap = 'value("t") = "old"\n\nput t new\nget t\n\nget t\n\n'
    assert etcdctl("txn", input=swap).split() == ["SUCCESS", "OK", "t", "new"]
    assert etcdctl("txn", input=swap).split() == ["FAILURE", "t", "new"]
    assert etcdctl("txn", input='create("never") = "0"\nmod("t") > "1"\n\nput never 1\ndel t\n\n\n').split() == [
        "SUCCESS", "OK", "1",
    ]  # fmt: skip
    failed = etcdctl.run("txn", input='version("t") = "0"\n\nput t 1\nput t 2\n\n\n')
    assert "duplicate key given in txn request" in failed.stderr


def test_endpoints_tell_status_health_and_equal_hashes(etcdctl: Etcdctl) -> None:
    etcdctl("put", "hashed", "1")
    status = etcdctl.json("endpoint", "status")
    assert len({each["Status"]["leader"] for each in status}) == 1
    assert sum(each["Status"]["leader"] == each["Status"]["header"]["member_id"] for each in status) == 1
    healthy = etcdctl.run("endpoint", "health", "--cluster")
    assert (healthy.stdout + healthy.stderr).count("is healthy: successfully committed proposal") == 3
    time.sleep(0.3)
    hashes = etcdctl.json("endpoint", "hashkv")
    assert len({each["HashKV"]["hash"] for each in hashes}) == 1
    assert etcdctl("alarm", "list") == ""


def test_leadership_moves(etcdctl: Etcdctl) -> None:
    status = etcdctl.json("endpoint", "status")
    leader = status[0]["Status"]["leader"]
    other = next(e["Status"]["header"]["member_id"] for e in status if e["Status"]["header"]["member_id"] != leader)
    assert f"Leadership transferred from {leader:x} to {other:x}" in etcdctl("move-leader", f"{other:x}")
    assert {each["Status"]["leader"] for each in etcdctl.json("endpoint", "status")} == {other}


def test_a_learner_joins_is_promoted_and_removed(etcdctl: Etcdctl, tmp_path: Path) -> None:
    cluster = etcdctl.cluster
    client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    etcdctl("put", "before", "joining")
    added = etcdctl("member", "add", "s4", "--learner", f"--peer-urls={peer}")
    member = re.match(r"Member\s+([0-9a-f]+) added", added)
    assert member is not None
    assert "learner" in etcdctl.run("member", "promote", member[1]).stderr  # it has not even started
    known = re.search(r'ETCD_INITIAL_CLUSTER="(.*)"', added)
    assert known is not None
    command = raftproof_command("s4", tmp_path / "s4", client, peer, known[1])
    with (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen([*command, "--initial-cluster-state", "existing"], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 15
        while etcdctl.run("member", "promote", member[1]).returncode and time.monotonic() < deadline:
            time.sleep(0.2)
        while "s4" not in etcdctl("member", "list") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert f"{member[1]}, started, s4, {peer}, {client}, false" in etcdctl("member", "list")
        assert etcdctl("get", "before", endpoints=[client]) == "before\njoining\n"
        assert "removed" in etcdctl("member", "remove", member[1])
        assert process.wait(10) == 4
        assert "was removed from the cluster" in (tmp_path / "out").read_text()
    finally:
        process.kill()
        process.wait()
    assert "member not found" in etcdctl.refused("member", "remove", member[1])
    assert len(cluster.client_urls) == etcdctl("member", "list").count("started")


def test_what_is_wrong_is_refused_with_etcds_words(etcdctl: Etcdctl) -> None:
    assert "key is not provided" in etcdctl.refused("put", "", "x")
    taken = etcdctl("member", "list").split(", ")[3]
    assert "Peer URLs already exists" in etcdctl.refused("member", "add", "x", f"--peer-urls={taken}")
    big = etcdctl.run("put", "big", input="x" * 1_700_000)
    assert "request is too large" in big.stderr
    assert etcdctl("get", "big") == ""


def test_a_lost_quorum_is_told_and_comes_back(etcdctl: Etcdctl) -> None:
    """The last of the file: it kills two of three servers."""
    cluster = etcdctl.cluster
    etcdctl("put", "kept", "yes")
    survivor = 0
    ids = {member["name"]: f"{member['ID']:x}" for member in etcdctl.json("member", "list")["members"]}
    cluster.kill(1)
    cluster.leader_place()
    live = [cluster.client_urls[place] for place in (0, 2)]
    for change in (["remove", ids["s3"]], ["add", "s9", "--peer-urls=http://127.0.0.1:1"]):  # after it: for ever lost
        assert "unhealthy cluster" in etcdctl.run("member", *change, endpoints=live).stderr
    cluster.kill(2)
    alone = [cluster.client_urls[survivor]]
    assert etcdctl("get", "kept", "--consistency=s", endpoints=alone) == "kept\nyes\n"
    failed = etcdctl.run("put", "kept", "no", "--command-timeout=12s", endpoints=alone)
    assert failed.returncode != 0
    assert "etcdserver: no leader" in failed.stderr or "etcdserver: request timed out" in failed.stderr
    cluster.kill(survivor)
    cluster.start(survivor)  # alone, it cannot know whether it had shown more than its disk tells
    time.sleep(1)
    restarted = etcdctl.run("get", "kept", "--consistency=s", "--command-timeout=1s", endpoints=alone)
    assert restarted.returncode != 0
    for place in (1, 2):
        cluster.start(place)
    cluster.leader()
    assert etcdctl("get", "kept", "--consistency=s", "--print-value-only") in ("yes\n", "no\n")
    assert etcdctl("put", "kept", "again") == "OK\n"

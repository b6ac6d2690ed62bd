"""Results written by hand: what the drawings are tested on, without a search.

`Story` records steps that a function makes on a plain state; `Cluster` is the published Raft just far enough to tell
two stories that every reader of the paper knows. It decides nothing: the story says who does what.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from msgspec import structs

from raftproof.checker.result import Graph, LogView, Result, Shape, Step, Violation

Json = Any


class Story:
    """A behavior in the making: each step is a function that changes the state."""

    def __init__(self, initial: dict[str, Json]) -> None:
        self.initial = copy.deepcopy(initial)
        self.state = initial
        self.steps: list[Step] = []

    def step(self, action: str, parameters: dict[str, Json], change: Callable[[dict[str, Json]], None]) -> None:
        before = copy.deepcopy(self.state)
        change(self.state)
        changes: dict[str, tuple[Json, Json]] = {}
        for field, value in self.state.items():
            _compare(field, before[field], copy.deepcopy(value), changes)
        self.steps.append(Step(action, copy.deepcopy(parameters), changes))


def _compare(place: str, before: Json, after: Json, changes: dict[str, tuple[Json, Json]]) -> None:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for key in before:
            _compare(f"{place}[{key}]", before[key], after[key], changes)
    else:
        changes[place] = (before, after)


class Cluster(Story):
    """Raft as published, a line an action."""

    def __init__(self, servers: list[str]) -> None:
        self.servers = servers
        each = dict.fromkeys
        super().__init__(
            {
                "current_term": each(servers, 1),
                "role": each(servers, "FOLLOWER"),
                "voted_for": each(servers),
                "log": {i: [] for i in servers},
                "commit_index": each(servers, 0),
                "votes_responded": {i: [] for i in servers},
                "votes_granted": {i: [] for i in servers},
                "next_index": {i: each(servers, 1) for i in servers},
                "match_index": {i: each(servers, 0) for i in servers},
                "messages": [],
            }
        )

    def on(self, action: str, parameters: dict[str, Json], **changes: Json) -> None:
        """A step that assigns; a change is of the first parameter's server."""
        i = next(iter(parameters.values()))
        i = i["dest"] if isinstance(i, dict) else i

        def change(state: dict[str, Json]) -> None:
            for field, value in changes.items():
                if field == "send":
                    state["messages"].append(value)
                elif field == "take":
                    state["messages"].remove(value)
                else:
                    state[field][i] = value

        self.step(action, parameters, change)

    def message(self, kind: str, source: str, dest: str, **fields: Json) -> dict[str, Json]:
        return {"kind": kind, "term": self.state["current_term"][source], **fields, "source": source, "dest": dest}

    def timeout(self, i: str) -> None:
        term = self.state["current_term"][i] + 1
        role = {"role": "CANDIDATE", "current_term": term, "voted_for": None}
        self.on("timeout", {"i": i}, **role, votes_responded=[], votes_granted=[])

    def restart(self, i: str) -> None:
        self.on(
            "restart",
            {"i": i},
            role="FOLLOWER",
            votes_responded=[],
            votes_granted=[],
            commit_index=0,
            next_index=dict.fromkeys(self.servers, 1),
            match_index=dict.fromkeys(self.servers, 0),
        )

    def vote(self, i: str, j: str, *, granted: bool = True) -> None:
        """i asks j for its vote, j answers, and i counts the answer."""
        log = self.state["log"][i]
        last_term = log[-1]["term"] if log else 0
        asked = self.message("RequestVoteRequest", i, j, last_log_term=last_term, last_log_index=len(log))
        self.on("request_vote", {"i": i, "j": j}, send=asked)
        self.update_term(asked)
        answer = self.message("RequestVoteResponse", j, i, vote_granted=granted)
        self.on("handle_request_vote_request", {"m": asked}, voted_for=i, take=asked, send=answer)
        self.update_term(answer)
        votes = {
            field: sorted({*self.state[field][i], j}) for field in ("votes_responded", "votes_granted")[: 1 + granted]
        }
        self.on("handle_request_vote_response", {"m": answer}, take=answer, **votes)

    def update_term(self, m: dict[str, Json]) -> None:
        if m["term"] > self.state["current_term"][m["dest"]]:
            self.on("update_term", {"m": m}, current_term=m["term"], role="FOLLOWER", voted_for=None)

    def become_leader(self, i: str) -> None:
        following = len(self.state["log"][i]) + 1
        indexes = dict.fromkeys(self.servers, following)
        self.on(
            "become_leader", {"i": i}, role="LEADER", next_index=indexes, match_index=dict.fromkeys(self.servers, 0)
        )

    def client_request(self, i: str, v: str) -> None:
        entry = {"term": self.state["current_term"][i], "value": v}
        self.on("client_request", {"i": i, "v": v}, log=[*self.state["log"][i], entry])

    def refuse(self, i: str, j: str) -> None:
        """i asks j for an entry that j does not have, and goes back one index."""
        following = self.state["next_index"][i][j]
        prev = {"prev_log_index": following - 1, "prev_log_term": self.state["log"][i][following - 2]["term"]}
        sent = self.message("AppendEntriesRequest", i, j, **prev, entry=None, commit_index=0)
        self.on("append_entries", {"i": i, "j": j}, send=sent)
        self.update_term(sent)
        answer = self.message("AppendEntriesResponse", j, i, success=False, match_index=0)
        self.on("handle_append_entries_request", {"m": sent}, take=sent, send=answer)
        next_index = {**self.state["next_index"][i], j: following - 1}
        self.on("handle_append_entries_response", {"m": answer}, take=answer, next_index=next_index)

    def replicate(self, i: str, j: str) -> None:
        """i sends j its next entry; j stores it, acknowledges it, and i counts it."""
        following = self.state["next_index"][i][j]
        log = self.state["log"][i]
        sent = self.message(
            "AppendEntriesRequest",
            i,
            j,
            prev_log_index=following - 1,
            prev_log_term=log[following - 2]["term"] if following > 1 else 0,
            entry=log[following - 1],
            commit_index=0,
        )
        self.on("append_entries", {"i": i, "j": j}, send=sent)
        self.update_term(sent)
        self.on("handle_append_entries_request", {"m": sent}, log=[*self.state["log"][j], sent["entry"]])
        answer = self.message("AppendEntriesResponse", j, i, success=True, match_index=following)
        self.on("handle_append_entries_request", {"m": sent}, take=sent, send=answer)
        next_index = {**self.state["next_index"][i], j: following + 1}
        match_index = {**self.state["match_index"][i], j: following}
        self.on(
            "handle_append_entries_response", {"m": answer}, take=answer, next_index=next_index, match_index=match_index
        )


RAFT = Shape(
    members={"Server": ["s1", "s2", "s3"], "Value": ["v1", "v2"]},
    actors="Server",
    bag="messages",
    source="source",
    dest="dest",
    view=LogView(
        log="log",
        commit_index="commit_index",
        current_term="current_term",
        role="role",
        next_index="next_index",
        match_index="match_index",
    ),
    containers={
        "current_term": ["map"],
        "role": ["map"],
        "voted_for": ["map"],
        "log": ["map", "seq"],
        "commit_index": ["map"],
        "votes_responded": ["map", "set"],
        "votes_granted": ["map", "set"],
        "next_index": ["map", "map"],
        "match_index": ["map", "map"],
        "messages": ["bag"],
    },
)


def result(story: Story | None, shape: Shape, **fields: Json) -> Result:
    """A result around a story; what a test cares about is given, the rest is plausible."""
    violation = fields.pop("violation", None)
    if story is not None:
        violation = Violation(depth=len(story.steps) + 1, steps=story.steps, initial=story.initial, **violation)
    usual: dict[str, Json] = {
        "verdict": "violated" if violation else "holds",
        "model": "figure2",
        "bounds": {"servers": 3, "values": 1, "max_term": 2, "max_log": 1, "max_in_flight": 1, "max_copies": 1},
        "generated": 449396,
        "distinct": 57021,
        "depth": 48,
        "seconds": 0.21,
        "cpu_seconds": 0.2,
        "setup_seconds": 1.4,
        "states_per_second": 271528.6,
        "peak_memory_bytes": 312 * 2**20,
        "collision_probability": 1.2e-9,
        "workers": 2,
        "symmetry": "server",
        "reductions": [],
        "faults": [],
        "broken": [],
        "actions": {},
        "never_enabled": [],
        "witnesses": {},
        "violation": violation,
        "command": "raftproof check figure2",
        "shape": shape,
    }
    return Result(**(usual | fields))


def two_leaders() -> Result:
    """A quorum of N/2: two candidates of one term each win with their own vote alone."""
    story = Cluster(["s1", "s2", "s3"])
    for i in ("s1", "s2"):
        story.timeout(i)
        story.vote(i, i)
        story.become_leader(i)
    return result(
        story,
        RAFT,
        generated=61210,
        distinct=9144,
        depth=11,
        broken=["quorum_majority"],
        actions={"timeout": {"generated": 9012}, "request_vote": {"generated": 20311}, "restart": {"generated": 0}},
        never_enabled=["restart"],
        witnesses={"a_leader_is_elected": 6, "an_entry_is_committed": None},
        command="raftproof check figure2 --break quorum_majority",
        violation={
            "property": "ElectionSafety",
            "sentence": "At most one leader can be elected in a given term (§5.2).",
            "facts": ["s1 leads term 2", "s2 leads term 2"],
            "fact_places": [["role[s1]", "current_term[s1]"], ["role[s2]", "current_term[s2]"]],
        },
    )


def figure_8() -> Result:
    """Figure 8: an entry of an older term is committed by counting, and a later leader does not have it."""
    story = Cluster(["s1", "s2", "s3"])
    story.timeout("s1")
    story.vote("s1", "s1")
    story.vote("s1", "s2")
    story.become_leader("s1")
    story.client_request("s1", "v1")
    story.timeout("s3")
    story.timeout("s3")
    story.vote("s3", "s3")
    story.vote("s3", "s2")
    story.become_leader("s3")
    story.client_request("s3", "v2")
    story.restart("s1")
    story.timeout("s1")
    story.timeout("s1")
    story.vote("s1", "s1")
    story.vote("s1", "s2")
    story.become_leader("s1")
    story.refuse("s1", "s2")
    story.replicate("s1", "s2")
    story.on("advance_commit_index", {"i": "s1"}, commit_index=1)
    lost = story.message("AppendEntriesRequest", "s1", "s3", prev_log_index=1, prev_log_term=2, entry=None)
    story.on("append_entries", {"i": "s1", "j": "s3"}, send=lost)
    story.step("drop_message", {"m": lost}, lambda state: state["messages"].remove(lost))
    story.restart("s3")
    story.timeout("s3")
    story.timeout("s3")
    story.vote("s3", "s3")
    story.vote("s3", "s2")
    story.become_leader("s3")
    return result(
        story,
        RAFT,
        bounds={"servers": 3, "values": 2, "max_term": 5, "max_log": 1, "max_in_flight": 1, "max_copies": 1},
        generated=9012345678,
        distinct=90712345,
        depth=52,
        faults=["restart", "drop"],
        broken=["commit_own_term"],
        command="raftproof check figure2 --values 2 --max-term 5 --faults restart,drop --break commit_own_term",
        violation={
            "property": "LeaderCompleteness",
            "sentence": "An entry committed in a term is in the logs of the leaders of all later terms (§5.4).",
            "facts": [
                "s1 has committed (term 2, value v1) at index 1",
                "s3 leads term 5 and has (term 3, value v2) at index 1",
            ],
            "fact_places": [["commit_index[s1]", "log[s1][1]"], ["role[s3]", "current_term[s3]", "log[s3][1]"]],
        },
    )


def two_phase_commit() -> Result:
    """Two-phase commit whose manager aborts after it has committed: actors and a field of nobody, but no bag."""
    managers = ["r1", "r2", "r3"]
    story = Story({"rm_state": dict.fromkeys(managers, "WORKING"), "tm_state": "INIT", "tm_prepared": [], "sent": []})

    def assign(**values: Json) -> Callable[[dict[str, Json]], None]:
        return lambda state: state.update(values)

    def rm(i: str, value: str) -> Callable[[dict[str, Json]], None]:
        return lambda state: state["rm_state"].update({i: value})

    for n, i in enumerate(managers, start=1):
        story.step("prepare", {"r": i}, rm(i, "PREPARED"))
        story.step("receive_prepared", {"r": i}, assign(tm_prepared=managers[:n]))
    story.step("commit", {}, assign(tm_state="COMMITTED", sent=["COMMIT"]))
    story.step("receive_commit", {"r": "r1"}, rm("r1", "COMMITTED"))
    story.step("abort", {}, assign(tm_state="ABORTED", sent=["ABORT", "COMMIT"]))
    story.step("receive_abort", {"r": "r3"}, rm("r3", "ABORTED"))
    shape = Shape(
        members={"ResourceManager": managers},
        actors="ResourceManager",
        bag=None,
        source=None,
        dest=None,
        containers={"rm_state": ["map"], "tm_prepared": ["set"], "sent": ["set"]},
    )
    return result(
        story,
        shape,
        model="two_phase_commit",
        bounds={"resource_managers": 3},
        generated=1146,
        distinct=288,
        depth=11,
        symmetry="none",
        command="raftproof check two_phase_commit --break abort_once",
        broken=["abort_once"],
        violation={
            "property": "Consistent",
            "sentence": "No two resource managers decide differently.",
            "facts": ["r1 has committed", "r3 has aborted"],
        },
    )


def puzzle() -> Result:
    """Die Hard: two jugs, and no actors at all; with its whole state graph."""
    story = Story({"big": 0, "small": 0})
    edges = {(b, s): _pours(b, s) for b in range(6) for s in range(4)}
    for action in ("fill_big", "pour_big", "empty_small", "pour_big", "fill_big", "pour_big"):
        big, small = edges[story.state["big"], story.state["small"]][action]
        story.step(action, {}, lambda state, now=(big, small): state.update(big=now[0], small=now[1]))
    reached = [(0, 0)]
    for jugs in reached:
        reached += [to for to in dict.fromkeys(edges[jugs].values()) if to not in reached]
    graph = Graph(
        states=[{"big": b, "small": s} for b, s in reached],
        edges=[(n, reached.index(to), a) for n, jugs in enumerate(reached) for a, to in edges[jugs].items()],
    )
    return result(
        story,
        Shape(members={}, actors=None, bag=None, source=None, dest=None),
        model="die_hard",
        bounds={},
        generated=97,
        distinct=16,
        depth=8,
        symmetry="none",
        graph=graph,
        command="raftproof check die_hard",
        violation={
            "property": "NotFour",
            "sentence": "The big jug never holds four gallons.",
            "facts": ["big is 4"],
            "fact_places": [["big"]],
        },
    )


def _pours(big: int, small: int) -> dict[str, tuple[int, int]]:
    to_small, to_big = min(big, 3 - small), min(small, 5 - big)
    return {
        "fill_big": (5, small),
        "fill_small": (big, 3),
        "empty_big": (0, small),
        "empty_small": (big, 0),
        "pour_big": (big - to_small, small + to_small),
        "pour_small": (big + to_big, small - to_big),
    }


def rumour() -> Result:
    """Three people tell each other a rumour over a network that loses, copies and keeps messages for long."""
    people = ["ann", "bob", "eve"]

    def tell(source: str, dest: str) -> Json:
        return {"kind": "Tell", "what": "it rains", "source": source, "dest": dest}

    def told(*gone: Json, to: str = "", new: tuple[Json, ...] = ()) -> Callable[[dict[str, Json]], None]:
        def change(state: dict[str, Json]) -> None:
            for message in gone:
                state["network"].remove(message)
            state["network"] += new
            if to:
                state["knows"][to] = True

        return change

    story = Story({"knows": {"ann": True, "bob": False, "eve": False}, "network": []})
    to_bob, to_eve, back = tell("ann", "bob"), tell("ann", "eve"), tell("eve", "ann")
    story.step("tell_everyone", {"i": "ann"}, told(new=(to_bob, to_eve)))
    story.step("duplicate_message", {"m": to_eve}, told(new=(to_eve,)))
    story.step("hear", {"m": to_eve}, told(to_eve, to="eve", new=(back,)))
    story.step("drop_message", {"m": to_bob}, told(to_bob))
    story.step("tell", {"i": "ann", "j": "bob"}, told(new=(to_bob,)))
    story.step("hear", {"m": back}, told(back))
    story.step("hear", {"m": to_eve}, told(to_eve))
    shape = Shape({"Person": people}, "Person", "network", "source", "dest", containers={"knows": ["map"]})
    facts = {"facts": ["eve knows", "bob does not"], "fact_places": [["knows[eve]"], ["knows[bob]"]]}
    violation = {"property": "AllOrNone", "sentence": "Whoever knows, all know.", **facts}
    names = {"model": "rumour", "command": "raftproof check rumour.py --faults drop,duplicate"}
    faults, bounds = ["drop", "duplicate"], {"people": 3}
    return result(story, shape, **names, bounds=bounds, faults=faults, violation=violation, symmetry="none")


def conflict() -> Result:
    """A follower gives up two entries that conflict with the leader's; the servers are five."""
    story = Cluster([f"s{n}" for n in range(1, 6)])
    terms = [1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 9]
    story.state["log"]["s1"] = [{"term": term, "value": f"v{n}"} for n, term in enumerate(terms)]
    story.state["log"]["s2"] = [{"term": term, "value": "v1"} for term in (1, 1, 2, 2)]
    story.initial = copy.deepcopy(story.state)
    story.on("become_leader", {"i": "s1"}, role="LEADER", current_term=9)
    for index in range(1, 20):
        heartbeat = story.message("AppendEntriesRequest", "s1", "s3", prev_log_index=index)
        story.on("append_entries", {"i": "s1", "j": "s3"}, send=heartbeat)
        story.on("drop_stale_request", {"m": heartbeat}, take=heartbeat)
    append = story.message("AppendEntriesRequest", "s1", "s2", prev_log_index=2)
    story.on("append_entries", {"i": "s1", "j": "s2"}, send=append)
    story.on("handle_append_entries_request", {"m": append}, take=append, log=story.state["log"]["s2"][:3])
    story.on("commit", {"i": "s1"}, commit_index=9)
    facts = {"facts": ["s2 has given up an entry"]}
    violation = {"property": "AppendOnly", "sentence": "Nobody gives up an entry.", **facts}
    return result(story, structs.replace(RAFT, members={"Server": story.servers}), violation=violation)


def exhausted() -> Result:
    """Nothing broken."""
    return result(None, RAFT, witnesses={"a_leader_is_elected": 9}, actions={"timeout": {"generated": 57021}})

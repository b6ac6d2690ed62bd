"""Starts and restarts, what is persisted, which configuration is in force: a function for each line that shows them."""

from __future__ import annotations

from raftproof.traces.conformance.checks import FIELD_RULES, enter, idle, same
from raftproof.traces.conformance.cluster import Cluster
from raftproof.traces.conformance.departure import Departure, Unknown
from raftproof.traces.conformance.elections import become_follower
from raftproof.traces.conformance.membership import NOBODY, Configuration, after, in_order
from raftproof.traces.conformance.server import Owed, Server, Started, show_configuration
from raftproof.traces.conformance.storage import SHIFT, Disk, Loaded, Record
from raftproof.traces.events import FOLLOWER, LEADER, NONE, Change, Event, Id

# --------------------------------------------------------------------------------------------------- starting


def init_state(c: Cluster, s: Server, e: Event) -> None:
    """A server starts: all that shows is the log on its disk, and what it discarded (commit = first index - 1)."""
    is_first = s.nid not in c.started
    c.started.add(s.nid)
    if is_first and e.log:
        raise Unknown(
            f"the trace begins in the middle of the life of server {s.nid}: its disk holds {e.log} entries, unseen"
        )
    base = e.state.commit
    loaded = c.choose(_loaded_logs(s, e))
    applied = max(k for k, _ in s.configurations)
    if base > s.disk.commits()[1]:
        raise Departure(
            "log_persisted",
            f"server {s.nid} starts from a snapshot of {base} entries, and knew {s.disk.commits()[1]} to be committed",
            {"commit": f"at most {s.disk.commits()[1]}"},
            {"commit": base},
        )
    s.starting = Started(loaded, base, applied)
    s.load(loaded.log, loaded.length)
    s.forget_election()
    s.role, s.leader, s.low = FOLLOWER, NONE, {}
    s.term, s.vote, s.commit = 0, NONE, base
    s.batch, s.applying = [], False
    s.configurations, s.conf = [(0, NOBODY)], NOBODY.shown
    same(s, c, e)
    s.owed = [Owed("ApplyConfChange", start_configuration), Owed("BecomeFollower", load_hard_state)]


def _loaded_logs(s: Server, e: Event) -> list[Loaded]:
    """The logs of that length that a server may find on its disk, the latest first."""
    found = s.disk.loads(e.log)
    if e.raftproof is not None and e.raftproof.last_term is not None:
        found = [loaded for loaded in found if loaded.log[loaded.length] >> SHIFT == e.raftproof.last_term] or found
    if not found:
        low, high = s.disk.lengths()
        raise Departure(
            "log_persisted",
            f"server {s.nid} starts with {e.log} entries; {low} at least were surely on its disk, since what it "
            f"answered after writing them was received, and {high} at most",
            {"log": low if low == high else f"from {low} to {high}"},
            {"log": e.log},
        )
    return found


def start_configuration(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """The configuration of the disk: as it was applied before, or as the snapshot has it."""
    same(s, c, e)
    started = s.starting
    assert started is not None
    voters = _new_configuration(e)
    if s.disk.sure == 0 and s.ready == 0 and not started.base and voters:
        c.begin(Configuration(voters, (), None))
    candidates = [
        (k, conf)
        for k in range(started.applied, c.applied_by(started.base) - 1, -1)
        for conf in c.history(k)
        if conf.voters == voters
    ]
    if not candidates:
        possible = {conf.shown for k in range(c.applied_by(started.base), started.applied + 1) for conf in c.history(k)}
        raise Departure(
            "apply_change",
            f"server {s.nid} starts in a configuration that it never applied",
            {"newconf": " or ".join(show_configuration(shown) for shown in sorted(possible))},
            {"newconf": show_configuration((voters, ()))},
        )
    s.configurations = candidates
    shows = {conf.shown for _, conf in candidates}
    s.conf = shows.pop() if len(shows) == 1 else None


def load_hard_state(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """Term, vote and commit index of some Ready, from the last that was surely persisted to the latest (Figure 2)."""
    started = s.starting
    assert started is not None
    term, vote, commit = e.state.term, e.state.vote, e.state.commit
    ready = s.disk.last_with(term, vote)
    if ready is None:
        states = list(dict.fromkeys(s.disk.hard_states()))
        rule = "vote_persisted" if any(term == known for known, _ in states) else "term_persisted"
        raise Departure(
            rule,
            f"server {s.nid} starts with a term and a vote that are not the last that it surely stored, nor later ones",
            {"term, vote": " or ".join(f"{t}, {v}" for t, v in states)},
            {"term, vote": f"{term}, {vote}"},
        )
    low, high = s.disk.commits()
    low, high = max(low, started.base), min(max(high, started.base), s.last)
    if not min(low, high) <= commit <= high:
        raise Departure(
            "commit_monotonic",
            f"server {s.nid} starts with a commit index that its disk cannot hold",
            {"commit": f"from {low} to {high}"},
            {"commit": commit},
        )
    s.commit = started.base
    _restart(c, s, started.base, term, vote, commit)
    c.pull(s)
    c.pull_commit(s)
    same(s, c, e)
    enter(s, c, s.configurations)
    _begin_life(c, s, min(ready, started.loaded.ready))
    if not term and not s.last and not e.conf[0]:
        s.owed = [Owed("BecomeFollower", found, None, do_not_found)]


def _restart(c: Cluster, s: Server, base: int, term: int, vote: Id, commit: int) -> None:
    """The restart of the model, from the one of the possible disks that the lines show."""
    machine = c.machine
    snapshot = (base, *map(int, c.members(s.configuration)))
    committed = min(commit, s.last, len(c.committed) - 1)
    known = max(committed - 1, 0)  # nothing looks at what comes before, but for changes
    machine.put_log(s.i, "log", [], known)
    machine.put_log(s.i, "disk_log", [c.as_modelled(entry) for entry in s.log[known + 1 : s.last + 1]], known)
    machine.put(s.i, "stored", known)
    machine.unreal[s.i] = known
    c.put_changes(s, base, known)
    machine.put(s.i, "disk_term", term)
    machine.put(s.i, "disk_vote", machine.ids.index(vote) if vote == NONE else machine.add(vote) + 1)
    machine.put(s.i, "disk_commit", commit)
    machine.put(s.i, "snapshot", *snapshot)
    machine.put(s.i, "disk_snapshot", *snapshot)
    machine.put(s.i, "compacted", base)
    machine.act("restart", s.i, False, 0)


def _begin_life(c: Cluster, s: Server, persisted: int) -> None:
    """What was not persisted is lost, with the messages that it would have carried."""
    if s.disk.sure_if_synchronous > persisted:
        c.modes.asynchronous = True
    s.ready += 1
    if persisted < s.ready:
        s.dead.append((persisted + 1, s.ready))
    s.life = s.ready
    s.starting = None
    s.disk = Disk(Record(s.ready, s.term, s.vote, s.commit, s.log, s.last))
    s.shared = True
    if s.term:
        c.enter_term(s)


# --------------------------------------------------------------------------------------------------- founding


def do_not_found(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A server that joins a cluster waits for its leader."""


def found(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A founding server begins in term 1 with an entry for each voter, all of them committed."""
    if e.state.term != 1:
        become_follower(c, s, e)
        return
    _restart(c, s, 0, 1, NONE, 0)
    c.pull(s)
    c.enter_term(s)
    same(s, c, e)
    s.founding = []
    s.owed = [Owed("ApplyConfChange", found_voter)]


def found_voter(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """One more of the first voters."""
    known = s.founding
    assert known is not None
    s.last = s.commit = max(e.log, 1)
    s.conf = (in_order(known), ())
    same(s, c, e)
    voters = _new_configuration(e)
    new = [j for j in voters if j not in known]
    if len(new) != 1 or len(voters) != len(known) + 1:
        raise Departure(
            "apply_change",
            "a founding server learns of its first voters one by one",
            {"newconf": f"{show_configuration(s.conf)} and one more"},
            {"newconf": show_configuration((voters, ()))},
        )
    known.append(new[0])
    if len(known) < s.last:
        s.owed = [Owed("ApplyConfChange", found_voter)]
        return
    s.founding = None
    s.log = [0, *(c.entry(1, (Change(j, "AddNewServer"),)) for j in known)]
    s.commit = 0
    c.found(s, in_order(known))
    _restart(c, s, 0, 1, NONE, s.last)
    c.pull_commit(s)
    enter(s, c, [(0, Configuration(in_order(known)))])


# --------------------------------------------------------------------------------------------------- while it runs


def ready(c: Cluster, s: Server, e: Event) -> None:
    """What is new goes to the disk, and then the messages leave."""
    idle(s, c, e)
    c.machine.act("ready", s.i)
    s.ready += 1
    s.disk.ready(s.ready, s.term, s.vote, s.commit, s.log, s.last)
    s.shared = True


def apply_change(c: Cluster, s: Server, e: Event) -> None:
    """The next committed change of membership is applied; the new configuration shows from the next line on."""
    idle(s, c, e)
    voters = _new_configuration(e)
    applied = [
        (k + 1, conf) for at, before in s.configurations for k, conf in _next(c, s, at, before) if conf.voters == voters
    ]
    if not applied:
        possible = [conf for at, before in s.configurations for _, conf in _next(c, s, at, before)]
        departure = Departure(
            "apply_change",
            f"server {s.nid} applies a configuration that its next committed change of membership does not lead to",
            {
                "newconf": " or ".join(dict.fromkeys(show_configuration((p.voters, ())) for p in possible))
                or "no change"
            },
            {"newconf": show_configuration((voters, ()))},
        )
        raise departure if c.machine.act("apply_change", s.i) else c.machine.refused(departure)
    s.applying = True
    enter(s, c, applied)
    if s.role == LEADER:
        _lead_in(s)


def _lead_in(s: Server) -> None:
    """A leader may find that more is committed; one that left may step down (§6)."""
    votes = [conf.votes(s.nid) for _, conf in s.configurations]
    if any(votes):
        s.attempt = True
        for j in [j for j in s.low if not any(conf.may_hold(j) for _, conf in s.configurations)]:
            del s.low[j]
    if not all(votes):
        s.owed = [Owed("BecomeFollower", lambda c, s, e, _: become_follower(c, s, e), None, lead_on)]


def lead_on(c: Cluster, s: Server, e: Event, owed: Owed) -> None:
    """A leader that left leads on, if it is set so."""


def _next(c: Cluster, s: Server, applied: int, before: Configuration) -> list[tuple[int, Configuration]]:
    """What the next committed changes lead to. One that was not logged may change nothing and go unseen."""
    found: list[tuple[int, Configuration]] = []
    for k in range(applied, len(c.changed_at)):
        index = c.changed_at[k]
        if index > s.commit:
            break
        changes = c.changes_of(s.log[index])
        assert changes is not None
        found += [(k, conf) for conf in after(before, changes, c.is_joint(k))]
        if changes or before.outgoing:
            break
    return found


def restore_configuration(c: Cluster, s: Server, e: Event, index: int) -> None:
    """A restored snapshot brings its configuration; the line shows nobody."""
    s.conf = NOBODY.shown
    same(s, c, e, dict.fromkeys(FIELD_RULES, "snapshot_not_older"))
    applied = c.applied_by(index)
    voters = _new_configuration(e)
    brought = [(applied, conf) for conf in c.history(applied) if conf.voters == voters]
    if not brought:
        raise Departure(
            "apply_change",
            f"the snapshot of {index} entries has another configuration",
            {"newconf": " or ".join(show_configuration(conf.shown) for conf in c.history(applied))},
            {"newconf": show_configuration((voters, ()))},
        )
    enter(s, c, brought)


def _new_configuration(e: Event) -> tuple[Id, ...]:
    """The voters that an ApplyConfChange names."""
    return e.prop.cc.newconf if e.prop is not None and e.prop.cc is not None else ()

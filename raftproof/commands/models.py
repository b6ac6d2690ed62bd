"""Which models there are, and how a user's own is found."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

from raftproof.checker.language import BoundsError, Model, ModelError
from raftproof.checker.names import perhaps

MODELS = {
    "figure2": ("raftproof.model.figure2", "Raft as published: Ongaro's TLA+ specification of Figure 2"),
    "abstract": ("raftproof.model.abstract", "Raft over a network that never forgets: what is proved of every cluster"),
    "loose": ("raftproof.model.loose", "the same, with every handler taken apart: the steps of the proof"),
    "deployed": ("raftproof.model.deployed", "Raft as etcd and impl run it: elections, replication, what disks hold"),
    "deployed_heartbeats": ("raftproof.model.deployed:heartbeats", "the same, with heartbeats apart from appends"),
    "deployed_pre_vote": ("raftproof.model.deployed:pre_vote", "the same, with pre-vote, and leadership handed over"),
    "deployed_check_quorum": ("raftproof.model.deployed:check_quorum", "the same, with check-quorum and its lease"),
    "deployed_snapshots": ("raftproof.model.deployed:snapshots", "the same, with compaction and snapshots"),
    "deployed_membership": ("raftproof.model.deployed:single", "the same, with voters and learners that come and go"),
    "deployed_joint": ("raftproof.model.deployed:joint", "the same, with joint configurations"),
    "deployed_removals": ("raftproof.model.deployed:removals", "the same, where members leave one after another"),
    "deployed_reads": ("raftproof.model.deployed:linearizable_reads", "the same, with linearizable reads"),
    "refinement": (
        "raftproof.model.refinement.figure2",
        "figure2 beside the proof's steps, which match each of its own",
    ),
    "refinement_deployed": (
        "raftproof.model.refinement.deployed",
        "deployed beside the proof's steps, which match each of its own",
    ),
    "refinement_heartbeats": ("raftproof.model.refinement.deployed:heartbeats", "the same, of deployed_heartbeats"),
    "refinement_pre_vote": ("raftproof.model.refinement.deployed:pre_vote", "the same, of deployed_pre_vote"),
    "refinement_check_quorum": (
        "raftproof.model.refinement.deployed:check_quorum",
        "the same, of deployed_check_quorum",
    ),
    "refinement_snapshots": ("raftproof.model.refinement.deployed:snapshots", "the same, of deployed_snapshots"),
    "rounds": ("raftproof.model.rounds", "Raft a term at a time: any number of elections, messages and crashes"),
    "election": ("raftproof.model.election", "one election of Raft, which rounds rests on"),
    "paxos": ("raftproof.model.toys.paxos", "one value is chosen, with any number of ballots"),
    "two_phase_commit": ("raftproof.model.toys.two_phase_commit", "a transaction commits everywhere or nowhere"),
    "jugs": ("raftproof.model.toys.jugs", "a puzzle: measure four litres with jugs of three and five"),
}


def find_model(text: str) -> Model:
    """The model that a name, or FILE.py[:NAME], stands for.

    Raises BoundsError for an unknown name, ModelError for a file that is no model.
    """
    if text in MODELS:
        module, _, name = MODELS[text][0].partition(":")
        found = getattr(importlib.import_module(module), name or "model")
        assert isinstance(found, Model)
        return found
    file, _, name = text.partition(":")
    if not file.endswith(".py"):
        known = ", ".join(MODELS)
        raise BoundsError(
            f"no model is named {text!r}{perhaps(text, MODELS)}; there are {known}, and your own as FILE.py[:NAME]"
        )
    return _from_file(Path(file), name)


def _from_file(path: Path, name: str) -> Model:
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    module_name = f"raftproof_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (ModelError, BoundsError):
        raise
    except SyntaxError as fault:
        raise ModelError(f"{path}:{fault.lineno}: {fault.msg}") from fault
    except (Exception, SystemExit) as fault:  # the user's file may do anything at import
        line = _line_in(fault, str(path.resolve()))
        raise ModelError(f"{path}:{line}: {type(fault).__name__}: {fault}") from fault
    models = {key: value for key, value in vars(module).items() if isinstance(value, Model)}
    if name:
        if name not in models:
            raise ModelError(
                f"{path}: holds no Model named {name}{perhaps(name, models)}; it has {', '.join(models) or 'none'}"
            )
        return _whole(path, models[name])
    if len(models) != 1:
        there = ", ".join(models)
        text = f"holds {len(models)} models ({there}); write {path}:NAME" if models else "holds no Model"
        raise ModelError(f"{path}: {text}")
    return _whole(path, next(iter(models.values())))


def _whole(path: Path, model: Model) -> Model:
    """The model, if it says where it begins."""
    if not model.initials:
        raise ModelError(
            f"{path}: {model.name} has no initial state; write @model.initial above a function of the state"
        )
    return model


def _line_in(fault: BaseException, file: str) -> int:
    """The last line of a file that an exception passed."""
    line, at = 0, fault.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == file:
            line = at.tb_lineno
        at = at.tb_next
    return line

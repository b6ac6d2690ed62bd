"""What the network does to messages; that it reorders them needs no action, for they are a bag."""

from __future__ import annotations

from raftproof.model.deployed.state import Deployed, Message, everything


@everything.action(fault="duplicate")
def duplicate_message(s: Deployed, m: Message) -> bool:
    """The network delivers a message once more."""
    s.messages.send(m)
    return True


@everything.action(fault="drop")
def drop_message(s: Deployed, m: Message) -> bool:
    """The network loses a message."""
    s.messages.discard(m)
    return True

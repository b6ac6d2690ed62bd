"""The head of a model that has a field of every kind, for the tests to write a function below."""

HEAD = '''
import math
from enum import IntEnum
from typing import Annotated, NamedTuple, Protocol

from raftproof.checker.language import *

TABLE = [1, 2]
RATE = 0.5
MODE = "fast"


class Server(Symmetric):
    """A server."""


class Color(IntEnum):
    RED = 0
    BLUE = 1


class Rule(IntEnum):
    FIRST = 0
    SECOND = 1


class Entry(NamedTuple):
    term: Annotated[int, UpTo("max_term")]
    color: Color


class Ask(NamedTuple):
    n: Annotated[int, Within("3")]
    source: Server


class S(State):
    servers: Members[Server]
    x: Annotated[int, UpTo("max_term")]
    flag: bool
    color: Color
    last: Entry
    nexts: Map[Server, Annotated[int, Within("3")]]
    votes: Map[Server, Set[Server]]
    up: Set[Server]
    log: Map[Server, Annotated[Seq[Entry], AtMost("max_log")]]
    queue: Annotated[Seq[Color], AtMost("max_log")]
    messages: Annotated[Bag[Ask], AtMost("max_log")]


model = Model("mine", S, bounds={"servers": 2, "max_term": 1, "max_log": 1}, rules=Rule)


@model.initial
def init(s: S) -> None:
    """Nothing is set."""


def wipe(s: S) -> None:
    s.queue.truncate(0)


def size(s: S) -> int:
    return len(s.queue)


def answers_and_writes(s: S) -> bool:
    s.x = 0
    return True


def endless(n: int) -> int:
    return endless(n - 1)


def ping(n: int) -> int:
    return pong(n)


def pong(n: int) -> int:
    return ping(n)


def halves(n: int) -> int:
    return n / 2
'''

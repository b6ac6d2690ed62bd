"""The modelling language: what a model is made of, in reading order."""

from raftproof.checker.language.sorts import AtMost, OrderOnly, OrNil, SubsetOf, Symmetric, UpTo, Where, Within
from raftproof.checker.language.containers import Bag, Map, Members, Seq, Set, State
from raftproof.checker.language.model import Action, Model, Parameter, Property
from raftproof.checker.language.layout import Layout
from raftproof.checker.language.interpreted import Interpreter
from raftproof.checker.language.errors import BoundsError, ModelError
from raftproof.checker.result import LogView

__all__ = [
    "Symmetric",
    "UpTo",
    "Within",
    "OrderOnly",
    "Where",
    "OrNil",
    "SubsetOf",
    "AtMost",
    "State",
    "Members",
    "Map",
    "Set",
    "Seq",
    "Bag",
    "Model",
    "Action",
    "Property",
    "Parameter",
    "LogView",
    "Layout",
    "Interpreter",
    "ModelError",
    "BoundsError",
]

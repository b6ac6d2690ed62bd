"""The gallery: what falls without each rule of Raft, how soon, and where it has happened.

`questions` says what is asked, `found/` keeps the shortest counterexamples that searches have found, as bare steps;
`exhibits` takes those steps again in plain Python before anything is shown; `happened` is what real systems went
through.
"""

from raftproof.model.gallery.exhibits import Exhibit, NotReproduced, exhibits, replayed
from raftproof.model.gallery.happened import HAPPENED, Incident
from raftproof.model.gallery.questions import HARMLESS, QUESTIONS, Asked

__all__ = [
    "QUESTIONS",
    "Asked",
    "HARMLESS",
    "Exhibit",
    "exhibits",
    "replayed",
    "NotReproduced",
    "HAPPENED",
    "Incident",
]

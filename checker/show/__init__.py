"""Show a result: `write_all` holds every form; the others are made one at a time.

In reading order: `text` (words for people), `spacetime` (who sent what to whom), `loggrid` (the logs as strips), `html`
(a page to step through), `graphs` (the path and all states, through graphviz), `itf` (for other tools).
"""

from raftproof.checker.show.folder import Written, write_all

__all__ = ["Written", "write_all"]

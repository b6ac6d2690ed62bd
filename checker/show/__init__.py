"""Show a result: `write_all` holds every form; the others are made one at a time.

In reading order: `text` (words for people), `spacetime` (who sent what to whom), `moments` (the story in the logs),
`loggrid` (the logs as strips), `html` (a page to step through), `graphs` (the path and all states, through graphviz),
`itf` (for other tools), `notebook` (what a result shows of itself).
"""

from raftproof.checker.show.folder import Written, write_all

__all__ = ["Written", "write_all"]

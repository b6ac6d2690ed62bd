"""Read a trace: its events, each with its file and line, in the order in which they happened."""

from raftproof.traces.reading.lines import Malformed, opened
from raftproof.traces.reading.order import Unsorted, in_file_order, is_sorted, sorted_whole

__all__ = ["Malformed", "Unsorted", "in_file_order", "is_sorted", "opened", "sorted_whole"]

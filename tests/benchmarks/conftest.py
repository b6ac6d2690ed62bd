"""The benchmarks are no package: `benchmarks/` is put on the path, as it is when a script there runs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

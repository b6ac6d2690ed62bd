"""Generate the `_pb2.py` and `_pb2.pyi` files from the `.proto` files beside them; run from the repository's root."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path("raftproof/impl/server/proto")
STUB_HEAD = "# ruff: noqa\n# fmt: off\n# mypy: disable-error-code=type-arg\n"


def main() -> int:
    """protoc, and a head on the stubs that keeps the linters off what no person wrote."""
    from grpc_tools import protoc  # type: ignore[import-untyped]  # a development dependency

    sources = sorted(str(path) for path in HERE.glob("*.proto"))
    failed: int = protoc.main(["protoc", "-I.", "--python_out=.", "--pyi_out=.", *sources])
    for stub in HERE.glob("*_pb2.pyi"):
        stub.write_text(STUB_HEAD + stub.read_text().removeprefix(STUB_HEAD))
    return failed


if __name__ == "__main__":
    sys.exit(main())

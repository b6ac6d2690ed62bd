"""etcd's v3 API as protobuf: our own `.proto` files with its packages, messages and field numbers.

The `_pb2.py` and `_pb2.pyi` files are generated and committed. After a change of a `.proto`, from the root of the
repository: `.venv/bin/python -m raftproof.impl.server.proto.generate`.
"""

"""A Raft you can run: a durable replicated key-value store, deterministic at its heart."""

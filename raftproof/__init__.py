"""Explore every behavior of a small Raft cluster, explain every trace of a real one, prove what holds for all."""

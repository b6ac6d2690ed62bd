"""Is it true? A general model checker and a general prover; they know nothing of Raft."""

"""What Raft is. Reads like the paper."""

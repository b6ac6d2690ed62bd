"""`python -m raftproof`: the program, where it is not on the path."""

from raftproof.commands import main

if __name__ == "__main__":
    main()

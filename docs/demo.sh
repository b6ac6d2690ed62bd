#!/bin/sh
# What raftproof does, in a few minutes: exhausts a small Raft, breaks one rule, and says where the pictures are.
set -eu
out=out/demo
rm -rf "$out"
mkdir -p "$out"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# A broken rule is meant to be violated: exit code 1 is the expected answer.
expect_violation() { "$@" || [ $? -eq 1 ]; }

say '1. Every behavior of three servers, two elections, as published by the authors of Raft'
raftproof check figure2 --json "$out/figure2.json"

say '2. The same with crashes, lost and duplicated messages'
raftproof check figure2 --faults restart,drop,duplicate --json "$out/faults.json"

say '3. What happens if a server may vote twice in a term'
expect_violation raftproof check figure2 --break vote_once --out "$out/vote_once" | tail -n 40

say 'Where everything is'
echo "the counterexample, to step through in a browser:  $out/vote_once/index.html"
echo "the same as a space-time diagram:                  $out/vote_once/spacetime.svg"
echo "the answers for machines:                          $out/*.json"

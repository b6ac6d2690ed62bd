#!/bin/sh
# What raftproof does, in a few minutes: explores, breaks, follows a trace, proves, tortures; says where the pictures are.
set -eu
out=out/demo
rm -rf "$out"
mkdir -p "$out"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# What is broken on purpose is meant to be found: exit code 1 is the expected answer.
expect_violation() { "$@" || [ $? -eq 1 ]; }

say '1. Every behavior of three servers, two elections, as published by the authors of Raft'
raftproof check figure2 --json "$out/figure2.json"

say '2. The same with crashes, lost and duplicated messages'
raftproof check figure2 --faults restart,drop,duplicate --json "$out/faults.json"

say '3. What happens if a server may vote twice in a term'
expect_violation raftproof check figure2 --break vote_once --out "$out/vote_once" | tail -n 40

say '4. Three servers with any number of elections, messages, losses and crashes, a term at a time'
raftproof check rounds --servers 3 --max-log 4 --json "$out/rounds.json"

say '5. A trace of the real etcd, and one of an etcd in which a server votes twice'
raftproof conform tests/traces/corpus/good/contested3-s8-n300.ndjson.gz
expect_violation raftproof conform tests/traces/corpus/bad/double_vote-bugelect5-s3.ndjson.gz --json "$out/double_vote.json"

say '6. The argument, for every number of servers, terms and entries'
raftproof prove --json "$out/proof.json"

say '7. The implementation under deterministic faults, each run held against the model'
raftproof torture --seeds 5 --steps 1500 --conform --json "$out/torture.json"

say 'Where everything is'
echo "the counterexample, to step through in a browser:  $out/vote_once/index.html"
echo "the same as a space-time diagram:                  $out/vote_once/spacetime.svg"
echo "the answers for machines:                          $out/*.json"

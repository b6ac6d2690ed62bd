"""A general prover: a theory written once, proved for every size, and read over small instances.

In reading order: `logic` (formulas as trees), `theory` (actions, lemmas), `obligations`, `stratification`, `smtlib`,
`solver`, `cores` and `prover` (the proof), `graph`; then `bits`, `finite`, `concrete`, `induction`, `behaviors` and
`breaking` (small instances, counterexamples to induction), and `text`.
"""

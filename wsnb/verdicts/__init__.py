"""From records to verdicts: items and their paired records, effects, claims, and the statistics behind them.

An effect is declared in its chapter before its first record is made; a claim stands in its paper's file in
`wsnb/papers/`. The rule is `findings.py` and `claims.py`; its numbers stand in `rule.py`.
"""

"""Audit of a table of decisions: from rows, wherever they are, to rates, gaps and scores by group.

`cells` is what an intake hands over, counts and exact sums only; everything else is computed from it.
"""

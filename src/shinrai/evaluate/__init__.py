"""What is measured: targets that can be reached, checks that measure them, and the statistics both stand on.

A check takes an open target and hands out measurements: a number with n, interval, coverage and a decision taken on
the interval's bound. A fault of the data is a measurement too (`error`), never a pass and never a zero. The checks on a
table of decisions are defined in docs/reference/table-checks.md.
"""

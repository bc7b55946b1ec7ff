"""What can be done about a gap between groups, what it costs each of them, and who answers for it.

`reweighing` weighs rows before training, `repair` moves a column's values, `thresholds` chooses cuts of a score for
each group, `reductions` trains under a constraint. What is fitted is fitted on one part of the rows and shown on the
other, which `parts` keeps apart; `outcome` says what changes for whom; `operating_point` is what a person then signs.
"""

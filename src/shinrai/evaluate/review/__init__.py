"""What people say of answers: files that go out to a reviewer and come back, and the labels that judges are tested on.

A reviewer sees what a judge saw and never what a judge said. What comes back is believed only where it still is what
went out: every fault is named with its sheet, row and column, and a verdict that is missing stays open.
"""

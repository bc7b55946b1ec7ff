"""Suites and results of other tools, in and out: aisev, Inspect, promptfoo, garak, Moonshot.

What comes in is read within limits, as data, and keeps its digest. Nothing here talks to a target. Results come in as
evidence of origin `imported`: a number is recomputed from their samples, or shown as the tool's claim.
"""

"""How samples are taken: the key that names one, the journal that keeps it, the engine, and the evidence files.

A sample counts as taken once its record is on the disk. The journal is the only memory of a run: an interrupted run
goes on from it, a finished one becomes Parquet.
"""

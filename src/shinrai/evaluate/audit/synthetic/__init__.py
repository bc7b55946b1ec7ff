"""Made-up tables of decisions in Japanese, with gaps planted on purpose and the truth about them.

`population` says how people are drawn, `truth` computes every rate of that population exactly, `writing` draws rows.
The people and firms are fictional; shares are round figures of about the size found in Japan, no statistics.
"""

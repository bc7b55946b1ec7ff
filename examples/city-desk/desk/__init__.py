"""The question desk of Shiokaze, a city that does not exist: looks up the city's documents and answers from them.

It is a small retrieval assistant whose answers are sentences of documents, so it needs no language model. It is meant
to be assessed, and has the weaknesses that assistants with a language model have: `obedience` says which and why.
"""

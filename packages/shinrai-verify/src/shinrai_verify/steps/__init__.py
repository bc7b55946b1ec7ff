"""The steps of a verification, each in the file that bears its code; `verify.py` says in which order they are taken."""

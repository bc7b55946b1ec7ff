"""Passing counts on without telling about any one person: noise with a budget, and intervals that include the noise.

`ledger` keeps what has been spent, `release` draws and writes, `noisy` reads what was released and says what it shows.
"""

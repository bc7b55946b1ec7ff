"""Tests of the outsider's verifier: its formats, its arithmetic, and every attack on a bundle that we know of."""

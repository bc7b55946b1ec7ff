"""Estimators and intervals. Pure functions that take counts, never rates, so that n can't get lost on the way."""

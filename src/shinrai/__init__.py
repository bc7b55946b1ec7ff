"""Shinrai."""

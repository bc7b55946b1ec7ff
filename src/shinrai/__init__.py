"""Shinrai (信頼, trust): measure an AI system against Japan's guidelines, prove it, judge it, let anyone check it."""

__version__ = "0.1.0"

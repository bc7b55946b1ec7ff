"""Frameworks from other formats and into them."""

"""Follow-up of the national plan: its measures, their indicators and sources, and what has changed."""

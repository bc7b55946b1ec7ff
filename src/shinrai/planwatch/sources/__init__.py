"""Where news about the plan comes from."""

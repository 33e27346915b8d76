"""One run under pytest: its hooks, session start, preflight, reach, teardown, restore guard."""

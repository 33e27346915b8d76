"""One run under pytest: the plugin, session start, preflight, putting back and its guard, progress."""

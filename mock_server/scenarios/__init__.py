"""Scenarios: from files to worlds, and from worlds to files."""

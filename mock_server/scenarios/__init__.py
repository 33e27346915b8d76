"""Scenario files to worlds, and worlds to files."""

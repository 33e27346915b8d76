"""The commands: one settings object from flags and environment, processes and parts, dry run."""

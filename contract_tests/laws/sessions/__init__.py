"""Laws of who calls: a valid session, and nothing else."""

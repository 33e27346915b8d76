"""What may be shown of a run: no secret, nothing that belongs to people."""

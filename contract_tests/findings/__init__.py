"""What a run has found: rules, findings, what they come from, and what is accepted."""

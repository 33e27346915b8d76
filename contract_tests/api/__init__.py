"""What laws speak with: the context of a run, requests, resources, pages, and the oracle."""

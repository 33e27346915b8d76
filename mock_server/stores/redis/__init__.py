"""Sandboxes that several processes share: what goes over the wire, and the turns in which requests work on it."""

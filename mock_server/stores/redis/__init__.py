"""Sandboxes that several processes share."""

"""Scenarios made from what went through the proxy, without personal data."""

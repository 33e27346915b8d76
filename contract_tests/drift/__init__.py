"""Drift: the same safe requests to two servers, and the differences of their responses."""

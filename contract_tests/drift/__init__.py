"""Drift: the same safe requests to two servers, and in what their answers differ."""

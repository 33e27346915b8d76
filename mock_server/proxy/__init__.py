"""Proxy (`mock-server proxy URL`): judges a real server by the contract, and can record it."""

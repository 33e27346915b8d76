"""The contract in its two views."""

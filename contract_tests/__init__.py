"""Conformance gate for any server of the User Profile API."""

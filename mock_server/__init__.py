"""Stateful mock of the User Profile API."""

from importlib.metadata import version

__version__ = version("user-profile-api-mock")

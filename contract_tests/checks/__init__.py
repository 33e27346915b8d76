"""Judgements: one answer, one request, the bounds of values, and how much was covered."""

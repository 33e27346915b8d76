"""Redaction: no report shows a secret or personal data."""

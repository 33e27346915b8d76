"""The result of a comparison for the contract: its inferred marks, and proposed changes."""

"""What a comparison says of the contract, and how to change it."""

"""What the operations of the API do: pure functions from a world to the next."""

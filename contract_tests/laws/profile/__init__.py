"""Laws of one profile: reading, updating, bounds, text, handles, and what others see of it."""

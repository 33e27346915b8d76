"""Pages for people: home, the window, the API reference."""

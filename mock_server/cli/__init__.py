"""The commands: flags and environment variables to settings, the banner, and what is said of wrong usage."""

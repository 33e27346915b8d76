"""Commands: flags and environment variables to settings, the banner, and errors of usage."""

"""Laws that many calls show, one after the other or at once."""

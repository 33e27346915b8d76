"""How requests leave: client, raw responses, network options, write policy."""

"""The command line, as its users meet it: commands, settings, bad input, interruption."""

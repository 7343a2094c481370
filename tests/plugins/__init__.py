"""Somebody else's package: installed and used as its author would."""

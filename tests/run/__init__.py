"""Carrying out recipes."""

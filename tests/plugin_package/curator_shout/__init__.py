"""Curator with a louder voice."""

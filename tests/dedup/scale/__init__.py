"""Deduplication beyond one machine."""

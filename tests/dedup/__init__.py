"""The near-duplicate core."""

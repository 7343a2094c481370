"""The seam between stages."""

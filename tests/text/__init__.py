"""Tests of what is read, cut and found in texts."""

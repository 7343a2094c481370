"""Tests of `curator.contamination`."""

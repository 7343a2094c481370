"""Tests of the example domains."""

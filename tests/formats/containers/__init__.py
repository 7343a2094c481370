"""Tests of the kinds of file that datasets rest in."""

"""Tests of the evaluators and selectors."""

"""Tests of curator.llm."""

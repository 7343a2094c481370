"""Sentence embeddings: who makes them, how they are kept, and which of them are near each other."""

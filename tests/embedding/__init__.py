"""Embeddings by a real model: all-MiniLM-L6-v2, from the package that carries it."""

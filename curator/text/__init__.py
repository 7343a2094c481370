"""Text: documents, chunks, sentences and words, and what can be found in them without a model."""

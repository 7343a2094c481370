"""What `code-instruct` is made of: snippets, replies with code, and tests that are run."""

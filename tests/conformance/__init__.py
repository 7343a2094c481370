"""Each installed stage, provider and format keeps the promises of its kind."""

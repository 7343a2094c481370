"""Running programs that a model wrote, under limits."""

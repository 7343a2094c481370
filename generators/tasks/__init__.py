"""What `self-instruct` and `alpaca` share: seeds, the pool of tasks, the loop that fills it, and the filters."""

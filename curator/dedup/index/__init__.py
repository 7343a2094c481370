"""Near-duplicates as texts come one by one: an index that is kept, in the workspace or in Redis, and grows."""

"""Resume is replay: runs that are killed and run again."""

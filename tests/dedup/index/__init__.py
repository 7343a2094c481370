"""The index of texts that come one by one."""

"""What `evol-instruct` and `evol-quality` share: lineages, operators, and the checks that eliminate."""

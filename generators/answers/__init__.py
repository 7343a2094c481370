"""What `respond` and `preference` share: drawing answers, rating them, choosing among them."""

"""What `taxonomy` is made of: leaves, what is asked about them, and the judges."""

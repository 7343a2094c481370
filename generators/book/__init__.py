"""What `book-qa` is made of: passages, what is asked about them, and how the replies are read."""

"""What `templates` is made of: the file, its slots and forms, the order of fillings, the lint."""

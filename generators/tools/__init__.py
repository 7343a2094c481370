"""What `tool-use` is made of: function schemas, values for them, and dialogues that call them."""

"""What methods of different kinds share: examples as chat turns, replies of a line or two, whole paragraphs."""

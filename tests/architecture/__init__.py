"""The house itself: its layers, its sizes, its names, and what ships."""

"""Recipes: what they may say, what is refused, what they may cost."""

"""Pairs of texts that are alike but for what they say, by what makes the difference."""

from __future__ import annotations

TWINS = {
    "yes or no": (
        ("Is the harbour of Vell open to visitors in the winter?\n\nYes.",
         "Is the harbour of Vell open to visitors in the winter?\n\nNo."),
        ("Does a loaf of rye bread keep for a week?\n\nYes, it does.",
         "Does a loaf of rye bread keep for a week?\n\nNo, it does not."),
        ("Classify: penguins can fly.\n\nTrue", "Classify: penguins can fly.\n\nFalse"),
        ("Is a whale a fish?\n\nThat is correct.", "Is a whale a fish?\n\nThat is incorrect."),
    ),
    "a negation": (
        ("Guests may use the kitchen of the hut after ten.", "Guests may not use the kitchen of the hut after ten."),
        ("Dogs are allowed on the beach in summer.", "Dogs aren't allowed on the beach in summer."),
        ("Always turn off the gas before you leave the hut.", "Never turn off the gas before you leave the hut."),
        ("Make the sauce with butter.", "Make the sauce without butter."),
    ),
    "an opposite in the list": (
        ("Turn left behind the bridge and walk to the mill.", "Turn right behind the bridge and walk to the mill."),
        ("Write a function that returns the maximum of a set.", "Write a function that returns the minimum of a set."),
        ("Sort the names in ascending order.", "Sort the names in descending order."),
        ("Take the tablets before meals.", "Take the tablets after meals."),
    ),
    "another opposite": (
        ("How do I open an account at the bank?", "How do I close an account at the bank?"),
        ("Serve the soup hot, with bread.", "Serve the soup cold, with bread."),
        ("Describe how to add a user to a group.", "Describe how to remove a user from a group."),
        ("The price of bread rose in spring.", "The price of bread fell in spring."),
    ),
    "who does what to whom": (
        ("The dog chased the cat up the tree.", "The cat chased the dog up the tree."),
        ("Convert kilometres to miles.", "Convert miles to kilometres."),
        ("The pilot pays the harbour master.", "The harbour master pays the pilot."),
        ("Tea is dearer than coffee here.", "Coffee is dearer than tea here."),
    ),
}  # fmt: skip

"""A planted set of questions: which stand on their own, and which lean on something unseen."""

from __future__ import annotations

import asyncio

import pytest

from curator.record import Record, Score, single_turn
from curator.stage.context import Context
from evaluators.self_containment import SelfContainment

LEANING = (
    "According to the passage, when does the library open?",
    "What is the main idea of the text?",
    "What does the author mention about bees?",
    "What does the passage say about the treaty?",
    "As mentioned above, why did the king flee?",
    "In this section, which tools are needed?",
    "What did he do then?",
    "Which of the following is correct?",
    "Why did she refuse the offer?",
    "How does the narrator feel?",
    "What is described in the excerpt?",
    "Based on the given text, who won the race?",
    "What is shown in the table below?",
    "What does Figure show in the above paragraph?",
    "Who is the speaker?",
    "What does this mean?",
    "What happened in this incident?",
    "Summarise the article.",
    "Based on the context provided, what should visitors do?",
    "What is the author's tone?",
    "What did they find in the cave?",
    "How does it work?",
    "Describe her reaction.",
    "What is his sister's name?",
    "What caused their quarrel?",
    "Who wrote this letter?",
    "What is the title of the book?",
    "Does the author think that taxes are too high?",
    "What did he say to her at the ball?",
    "And what about the second one?",
    "According to the handbook, how many days of leave are granted?",
    "What is the purpose of the document?",
    "What rule is explained in the text as the most important?",
    "What happens at the end of the story?",
    "What does the following mean?",
    "In the passage, who is Mr. Bingley?",
    "What does the letter say?",
    "How is the city described in the text?",
    "Why is this important?",
    "What time did it start?",
    "What is the name of her dog?",
    "Where were they going?",
)
STANDING = (
    "What is the text of the oath?",
    "Who was the author of Emma?",
    "When does the Alder Street library open?",
    "How did Elizabeth Bennet change her mind about Mr. Darcy?",
    "Why did King John seal his charter?",
    "Why did the king of France lose his throne in 1792?",
    "How do bees make their honey?",
    "What should visitors of the British Museum do with their bags?",
    "In Chapter 34 of Pride and Prejudice, what does Darcy propose?",
    "What is the passage of time in physics?",
    "Is it legal to fly a drone at night?",
    "How long does it take to boil an egg?",
    "What does the First Amendment say?",
    "Which text did Luther nail to the church door?",
    "What is the following distance recommended for cars in rain?",
    "What happened in the days following the war?",
    "Translate the following sentence: The cat sleeps.",
    "What is a passage in anatomy?",
    "Who is the narrator of Moby Dick?",
    "How does the author of Walden describe the pond?",
    "What is photosynthesis and how does it work?",
    "What time is it in Tokyo when London has noon?",
    "Define a blockchain and explain how it is secured.",
    "What is the story of Noah about?",
    "What is the role of the narrator in Wuthering Heights?",
    "Write a story about a boy who lost his dog.",
    "What does the text message protocol SMS stand for?",
    "What is the temperature above the Arctic Circle in July?",
    "Which section of the Constitution covers impeachment?",
    "How should someone change their password?",
    "When Napoleon invaded Russia, what did he underestimate?",
    "What did Marie Curie do after she won the prize?",
    "In the novel Dracula, who is Renfield?",
    "How do I insert a table in a spreadsheet?",
    "List three excerpts that every pianist should know.",
    "What is the article of the Geneva Convention on prisoners?",
    "How do plants protect themselves and their seeds?",
    "What is the difference between an essay and a poem?",
    "What are the opening hours of the Harbour Museum on Mondays?",
    "Who translated the poem Beowulf into Irish?",
)


def score(record: Record) -> Score:
    """Return the one score of a record."""
    return asyncio.run(SelfContainment().score(record, Context()))[0]


def test_planted_set() -> None:
    found = {question: score(single_turn(question, "Yes.")).value == 0.0 for question in LEANING + STANDING}
    missed = [question for question in LEANING if not found[question]]
    wrong = [question for question in STANDING if found[question]]
    hits = len(LEANING) - len(missed)
    assert len(found) >= 80
    assert hits / len(LEANING) >= 0.95, missed
    assert hits / (hits + len(wrong)) >= 0.95, wrong

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
    "What reason does the author give for the strike?",
    "What lesson can be learned from this passage?",
    "What does the chart show?",
    "What were the results of this study?",
    "What advice does the manual give about batteries?",
    "How old was she when she married?",
    "As stated earlier, why is salt added?",
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
    "What did Newton publish in 1687 and why did he delay it?",
    "Why do cats purr when they are petted?",
    "What is the best way to store bread so that it stays fresh?",
    "How can I tell if my dog is ill and what should I do for him?",
    "Name the first person to walk on the Moon and his crew mates.",
    "Was it Edison who invented the phonograph?",
    "How many pages does the first edition of Ulysses have?",
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


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What is the main idea of the text?", "'of the text' points to a text that is not there"),
        ("What does the author mention about bees?", "'the author mention' lets an unnamed text or author speak"),
        ("What did he do then?", "'he' stands for nothing named before"),
        ("Which of the following is correct?", "'the following' announces something that does not follow"),
    ],
)
def test_explanation_names_what_was_found(question: str, found: str) -> None:
    assert score(single_turn(question, "Yes.")) == Score("self-containment", 0.0, found)


@pytest.mark.parametrize(
    "question", ["Summarise the text.", "Which of the following is a fruit?", "Is it in the passage?"]
)
def test_a_question_may_point_to_its_own_input(question: str) -> None:
    assert score(single_turn(question, "Yes.")).value == 0.0
    assert score(single_turn(question, "Yes.", input="An apple fell.")).value == 1.0
    assert score(single_turn(f"{question}\n\nAn apple fell.", "Yes.")).value == 1.0


@pytest.mark.parametrize("question", ["😀", "你好吗？", "مرحبا كيف حالك؟", "a", "?", "What " * 20_000])
def test_any_text_can_be_asked(question: str) -> None:
    assert score(single_turn(question, "Yes.")).value == 1.0


def test_without_a_question_there_is_no_value() -> None:
    assert score(Record(())) == Score("self-containment", None, "no question")


def test_declares_its_measure() -> None:
    assert [measure.name for measure in SelfContainment().gives()] == ["self-containment"]
    assert SelfContainment().needs() == frozenset()

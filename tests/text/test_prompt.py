"""Templates in a sandbox: values stay text, and a template reaches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import StageError
from curator.text.prompt import PromptFolder, render, sandbox


def rendered(source: str, **values: object) -> str:
    return render(sandbox().from_string(source), "template 'x'", values)


@given(st.text())
def test_a_value_is_text_whatever_it_says(value: str) -> None:
    assert rendered("[{{ value }}]", value=value) == f"[{value}]"


@pytest.mark.parametrize(
    "value",
    ["{{ 7*7 }}", "{% for x in y %}", "{# no comment #}", "{{ value }}", "{{ ''.__class__.__mro__ }}", "<b>&amp;"],
)
def test_jinja_in_a_value_is_not_read(value: str) -> None:
    assert rendered("{{ value }}", value=value) == value


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ value.__class__ }}",
        "{{ value|attr('__class__') }}",
        "{{ values.append(1) }}",
        "{{ values.clear() }}",
        "{{ '%s'.__mod__(value) }}",
        "{{ '{0.__class__}'.format(value) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('ls').read() }}",
        "{{ ''['__class__'] }}",
        "{% for n in range(10 ** 9) %}{{ n }}{% endfor %}",
    ],
)
def test_what_the_sandbox_refuses(source: str) -> None:
    with pytest.raises(StageError, match="template 'x'"):
        rendered(source, value="a", values=[1])


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 // 0 }}",
        "{{ 'a' + 1 }}",
        "{{ 'x' | round }}",
        "{{ [1][0](2) }}",
        "{{ 2.0 ** 100000 }}",
        "{% include 'x' %}",
    ],
)
def test_what_cannot_be_computed_is_said(source: str) -> None:
    with pytest.raises(StageError, match="template 'x': the template cannot be rendered: "):
        rendered(source)


@pytest.mark.parametrize("source", ["{{ berth }}", "{% if berth %}x{% endif %}", "{{ prices[7] }}"])
def test_a_slot_without_a_value_is_an_error(source: str) -> None:
    with pytest.raises(StageError, match=r"template 'x': .*; known slots: other, prices"):
        rendered(source, prices={1: "one"}, other=1)


def test_an_entry_that_a_table_lacks_is_named() -> None:
    """In the words of who wrote the template, not in Jinja's."""
    with pytest.raises(StageError, match="template 'x': a table has no entry 'plum'"):
        rendered("{{ prices['plum'].high }}", prices={"pear": {}})


def test_without_any_slot_it_says_none() -> None:
    with pytest.raises(StageError, match="known slots: none"):
        rendered("{{ x }}")


def test_lines_of_control_leave_no_blank_lines() -> None:
    assert rendered("\n a\n{% if yes %}\n b\n  {% endif %}\nc \n", yes=True) == "a\n b\nc"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "ask.jinja").write_text("Ask about {{ subject }}.\n")
    (folder / "system.jinja").write_text("Be kind.\n")
    (folder / "broken.jinja").write_text("{% if %}")
    return folder


def test_a_prompt_of_the_method(own: Path) -> None:
    assert PromptFolder(own).render("ask", subject="tides") == "Ask about tides."


def test_a_prompt_may_be_overridden_file_by_file(own: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ask.jinja").write_text("Frag nach {{ subject }}!")
    folder = PromptFolder(own, mine)
    assert (folder.render("ask", subject="Ebbe"), folder.render("system")) == ("Frag nach Ebbe!", "Be kind.")


def test_an_override_may_build_on_another_file(own: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ask.jinja").write_text("{% include 'system.jinja' %} Ask.")
    assert PromptFolder(own, mine).render("ask") == "Be kind. Ask."


def test_an_override_cannot_reach_out_of_its_folders(own: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "ask.jinja").write_text("{% include '../secret.txt' %}")
    with pytest.raises(StageError, match=r"prompt ask\.jinja: the template cannot be rendered"):
        PromptFolder(own, mine).render("ask")


def test_an_override_that_overrides_nothing_is_refused(own: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "aks.jinja").write_text("x")
    with pytest.raises(
        StageError, match=r"aks\.jinja overrides nothing; known: ask\.jinja, broken\.jinja, system\.jinja"
    ):
        PromptFolder(own, mine)
    with pytest.raises(StageError, match=r"nowhere is no folder; give one with \.jinja files"):
        PromptFolder(own, tmp_path / "nowhere")


def test_prompts_that_cannot_be_used(own: Path) -> None:
    folder = PromptFolder(own)
    with pytest.raises(StageError, match=r"prompt broken\.jinja: "):
        folder.render("broken")
    with pytest.raises(StageError, match=r"prompt none\.jinja: "):
        folder.render("none")
    with pytest.raises(StageError, match=r"prompt ask\.jinja: 'subject' is undefined; known slots: other"):
        folder.render("ask", other=1)

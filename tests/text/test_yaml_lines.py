"""YAML with line numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from curator.errors import RecipeError
from curator.text.near_miss import did_you_mean
from curator.text.yaml_lines import Lines, Location, explain, load_yaml

TEXT = """\
# a comment
name: x
stages:
  - use: a
    options:
      n: 1

  - {use: b, options: {m: 2}}
shared: &all
  k: 1
again: *all
"""


def write(tmp_path: Path, text: str | bytes) -> Path:
    """Return a file with this text."""
    path = tmp_path / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 2),
        (("name",), 2),
        (("stages",), 3),
        (("stages", 0), 4),
        (("stages", 0, "use"), 4),
        (("stages", 0, "options"), 5),
        (("stages", 0, "options", "n"), 6),
        (("stages", 1), 8),
        (("stages", 1, "options", "m"), 8),
        (("stages", 0, "options", "absent"), 5),
        (("stages", 7), 3),
        (("absent", "deeper"), 2),
        (("again",), 11),
    ],
)
def test_where_a_value_stands(location: Location, line: int, tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    data, lines = load_yaml(path)
    assert data["again"] == {"k": 1}
    assert lines.where(location) == f"{path}:{line}"


def test_without_a_file_it_is_the_first_line() -> None:
    assert Lines(Path("recipe"), {}).where(("a", 1)) == "recipe:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", ":1: not valid YAML: "),
        ("a: 1\n\tb: 2", ":2: not valid YAML: found character"),
        ("a: *nobody", ":1: not valid YAML: found undefined alias"),
        ("a: 1\n---\nb: 2", ":2: not valid YAML: but found another document"),
        ("a: !!python/object/apply:os.system [ls]", ":1: not valid YAML: could not determine a constructor"),
        ("? [a, b]\n: 1", "not valid YAML: found unhashable key"),
        ("a: 2026-13-45", "not valid YAML: month must be in 1..12"),
        ("a: \x01", "not valid YAML: "),
        ("a: 1\na: 2", ":2: the key 'a' stands here a second time"),
        ("a:\n  - b: 1\n    c: 2\n    b: 3", ":4: the key 'b' stands here a second time"),
        ("a: &a [*a]", "an alias that holds itself"),
        ("[" * 5000, "nested too deeply"),
        (b"a: \xff\xfe", "cannot be read: "),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_yaml(text: str | bytes, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        load_yaml(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path) -> None:
    """Nine levels of nine aliases would stand for 400 million values."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(RecipeError, match="more than 100000 values"):
        load_yaml(write(tmp_path, "\n".join(levels)))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"there is no .*none\.yaml; look twice"):
        load_yaml(tmp_path / "none.yaml", hint="look twice")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_yaml(tmp_path)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    data, lines = load_yaml(path)
    assert (data, lines.where(("a",))) == (None, f"{path}:1")


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    assert load_yaml(write(tmp_path, b"\xef\xbb\xbfa: 1\n"))[0] == {"a": 1}


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    use: str
    n: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = ""
    one: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nmae: x", ":1: unknown key 'nmae'; did you mean 'name'?"),
        ("xyz: 1", ":1: unknown key 'xyz'; known: many, name, named, one"),
        ("one:\n  use: a\n  m: 1", ":3: unknown key 'one.m'; known: n, use"),
        ("many:\n- use: a\n- use: b\n  uze: c", ":4: unknown key 'many.1.uze'; did you mean 'use'?"),
        ("named:\n  x: {use: a, usee: 1}", ":2: unknown key 'named.x.usee'; did you mean 'use'?"),
        ("many:\n- n: 1", ":2: many.0.use: field required"),
        (
            "many:\n- use: a\n  n: x",
            ":3: many.0.n: input should be a valid integer, unable to parse string as an integer (it",
        ),
        ("name: [1, 2]", ":1: name: input should be a valid string (it says [1, 2])"),
        ("name: [" + "1, " * 90 + "1]", "(it says [1, 1, 1, 1,"),
    ],
)
def test_what_pydantic_finds_is_explained(text: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    data, lines = load_yaml(path)
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    message = explain(caught.value, lines, Outer)
    assert message.startswith(str(path))
    assert said in message
    assert len(message) < len(str(path)) + 200


def test_json_is_read_as_json_with_tabs_and_surrogate_pairs(tmp_path: Path) -> None:
    data, lines = load_yaml(write(tmp_path, '{\n\t"a": [\n\t\t"\\ud83d\\ude00",\n\t\t1e5\n\t]\n}'))
    assert data == {"a": ["😀", 100000.0]}
    assert lines.where(("a", 1)).endswith(":4")


def test_braces_that_are_no_json_are_yaml(tmp_path: Path) -> None:
    assert load_yaml(write(tmp_path, "{a: [1, 2,]}"))[0] == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("near-dedupe", ["near-dedup", "judge"], "; did you mean 'near-dedup'?"),
        ("xyz", ["b", "a"], "; known: a, b"),
        ("xyz", [], "; known: none"),
        ("", ["a"], "; known: a"),
    ],
)
def test_near_misses(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said

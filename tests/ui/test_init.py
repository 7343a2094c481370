"""`curator init`."""

from __future__ import annotations

from pathlib import Path

from tests.ui.terminal import Call


def test_the_example_is_a_workspace_that_can_be_planned(curator: Call, tmp_path: Path) -> None:
    ended = curator("init", "demo", "--example", "handbook")
    assert ended.code == 0
    assert "recipe.yaml" in ended.out
    assert "Next: cd demo; curator plan; curator run" in ended.err
    scripted = ("--set", "models.writer.provider=scripted", "--set", "models.writer.extra.replies=[hm]")
    assert curator("plan", "--workspace", "demo", *scripted).code == 0


def test_an_empty_workspace_can_be_planned_once_it_has_a_document(curator: Call, tmp_path: Path) -> None:
    assert curator("init", "mine").code == 0
    scripted = ("-w", "mine", "--set", "models.writer.provider=scripted", "--set", "models.writer.extra.replies=[hm]")
    refused = curator("plan", *scripted)
    assert refused.code == 1
    assert "matches no file" in refused.error
    (tmp_path / "mine" / "sources" / "a.md").write_text("# A\n\nThe mill at Orrin grinds oats on Mondays only.\n")
    assert curator("plan", *scripted).code == 0


def test_what_is_secret_or_large_is_not_committed(curator: Call, tmp_path: Path) -> None:
    curator("init", "demo", "--example", "handbook")
    ignored = (tmp_path / "demo" / ".gitignore").read_text().splitlines()
    assert {".env", "curator.db*", ".curator.lock*"} <= set(ignored)


def test_json_names_the_files(curator: Call) -> None:
    data = curator("init", "demo", "--json").data
    assert data == {"workspace": "demo", "files": [".gitignore", "recipe.yaml"]}


def test_nothing_that_is_there_is_touched(curator: Call, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "README.md").write_text("mine")
    ended = curator("init", "demo", "--example", "handbook")
    assert ended.code == 2
    assert "README.md is there already; nothing was changed" in ended.error
    assert [path.name for path in folder.iterdir()] == ["README.md"]
    assert (folder / "README.md").read_text() == "mine"


def test_an_own_gitignore_stays(curator: Call, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert curator("init", ".").code == 0
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_a_second_time_is_refused(project: Path, curator: Call) -> None:
    ended = curator("init", ".")
    assert ended.code == 2
    assert "recipe.yaml is there already" in ended.error


def test_an_unknown_example_names_the_near_miss(curator: Call, tmp_path: Path) -> None:
    ended = curator("init", "demo", "--example", "handbok")
    assert ended.code == 2
    assert "no example 'handbok'; did you mean 'handbook'?" in ended.error
    assert not (tmp_path / "demo").exists()


def test_a_file_is_no_folder(curator: Call, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")
    ended = curator("init", "demo")
    assert ended.code == 2
    assert "'demo' is a file" in ended.error

"""The command line as a whole: help, usage errors, what goes to which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.project import change
from tests.ui.terminal import CURATOR, ROOT, Call, ended, program
from ui.cli.main import COMMANDS

HEAVY = {"torch", "datasets", "pandas", "numpy", "streamlit", "rich", "openai", "ollama", "pydantic", "yaml"}


def test_help_lists_every_command(curator: Call) -> None:
    out = curator("--help").out
    assert [line.split()[0] for line in out.splitlines() if line.split()[:1] and line.split()[0] in COMMANDS] == [
        *COMMANDS
    ]
    assert "curator init demo --example handbook" in out


def test_no_command_is_help(curator: Call) -> None:
    ended = curator()
    assert (ended.code, ended.out) == (0, curator("--help").out)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from ui.cli.main import run; run(['--help']); print('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.rpartition("LOADED")[2].split()}
    assert "ui" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, curator: Call) -> None:
    ended = curator(command, "--help")
    assert ended.code == 0
    text = " ".join(ended.out.split())
    assert f": curator {command}" in text  # its example
    assert "--json" in text
    assert text == " ".join(curator(command, "-h").out.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_variable(command: str, curator: Call) -> None:
    section = curator(command, "--help").out.partition("Options:")[2]
    options = [line for line in section.splitlines() if line.startswith("  -") and "--help" not in line]
    assert options
    assert " ".join(section.split()).count("env var: CURATOR_") == len(options)


def test_version(curator: Call) -> None:
    assert curator("--version").out.startswith("curator 0.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rnu",), "there is no command 'rnu'; did you mean 'run'? See `curator --help`"),
        (("frobnicate",), "there is no command 'frobnicate'; known: clusters, config, coverage"),
        (("run", "--limt", "3"), "No such option: --limt"),
        (("run", "--limit", "0"), "'--limit'"),
        (("run", "--limit", "many"), "'--limit'"),
        (("ls", "--status", "lost"), "'lost' is not one of 'kept', 'dropped', 'pending', 'all'"),
        (("show",), "Missing argument 'ID'. See `curator show --help`"),
        (("export",), "Missing option '--out'"),
        (("init",), "Missing argument 'DIR'"),
        (("config", "hide"), "'hide' is not"),
        (("run", "surplus"), "surplus"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_2(arguments: tuple[str, ...], says: str, curator: Call) -> None:
    ended = curator(*arguments)
    assert ended.code == 2
    assert says in ended.error
    assert "--help`" in ended.error
    assert ended.out == ""


@pytest.mark.parametrize("command", ["run", "plan", "status", "ls", "show r1", "export -o x.jsonl"])
def test_a_folder_without_a_workspace_says_how_to_make_one(command: str, curator: Call, tmp_path: Path) -> None:
    ended = curator(*command.split(), "--workspace", tmp_path / "nowhere")
    assert ended.code in (1, 2)
    assert "nowhere" in ended.error
    assert "curator init" in ended.error
    assert not (tmp_path / "nowhere").exists()


def test_a_workspace_that_is_a_file(project: Path, curator: Call) -> None:
    ended = curator("run", "--workspace", "recipe.yaml")
    assert ended.code == 2
    assert "'recipe.yaml' is a file" in ended.error


def test_the_reader_of_a_pipe_may_leave_early(ran: Path) -> None:
    listing = program("ls", "--json", cwd=ran)
    assert listing.stdout is not None
    listing.stdout.close()  # `head` has gone before the first line
    assert listing.stderr is not None
    assert listing.stderr.read() == ""
    listing.stderr.close()
    assert listing.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_one_line(ran: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(program("ls", "--json", cwd=ran, stdout=full))
    assert done.code == 1
    assert "No space left on device" in done.error


def test_a_terminal_in_another_encoding_gets_question_marks_and_json_stays_utf_8(ran: Path) -> None:
    change(ran / "seeds.jsonl", "Who was Alma?", "Who was Alma — “the pilot’s”?")
    latin = {**os.environ, "PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "0"}
    done = ended(program("run", cwd=ran, env=latin))
    assert done.code == 0, done.err
    listed = ended(program("ls", cwd=ran, env=latin))
    assert "Who was Alma ? ?the pilot?s??" in " ".join(listed.out.split())
    command = [*CURATOR, "ls", "--json"]
    raw = subprocess.run(command, cwd=ran, env=latin, capture_output=True, check=True).stdout
    assert json.loads(raw.decode())[0]["messages"][0]["content"] == "Who was Alma — “the pilot’s”?"


def test_text_of_others_cannot_drive_the_terminal(ran: Path, curator: Call) -> None:
    change(ran / "seeds.jsonl", "Who was Alma?", "Who \\u001b]0;owned\\u0007was\\u009b2J Alma?")
    assert curator("run").code == 0
    key = curator("ls", "--json").data[0]["id"]
    for command in (("ls",), ("show", key)):
        out = curator(*command).out
        assert "owned" in out
        assert not set("\x1b\x07\x9b") & set(out)


def test_a_path_that_may_not_be_written_is_one_line(project: Path, curator: Call) -> None:
    (project / "plain").write_text("a file")
    ended = curator("init", "plain/below")
    assert ended.code == 1
    assert "plain" in ended.error
    assert "Not a directory" in ended.error

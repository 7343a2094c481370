"""What a limited process may do, and what becomes of one that wants more."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from curator.execution.python import LONGEST_OUTPUT_CHARS, Limits, run_python, run_tests

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
TIGHT = Limits(wall_s=1.5, cpu_s=1, memory_mb=256)


@pytest.mark.parametrize(
    ("program", "outcome", "shows"),
    [
        ("print('six')", "passed", "six"),
        ("import json, re, math, decimal, datetime, collections, random\nprint(json.dumps([1]))", "passed", "[1]"),
        ("while True: pass", "timeout", ""),
        ("import time\nprint('still here', flush=True)\ntime.sleep(60)", "timeout", "still here"),
        ("x = 'a' * 10**9", "memory", "MemoryError"),
        ("x = []\nwhile True: x.append('a' * 10**6 + str(len(x)))", "memory", "MemoryError"),
        ("import os\nwhile True: os.fork()", "failed", "os.fork is not allowed here"),
        ("import subprocess\nsubprocess.run(['ls'])", "failed", "subprocess.Popen is not allowed here"),
        ("import os\nos.system('ls')", "failed", "os.system is not allowed here"),
        ("import os\nos.execv('/bin/ls', ['ls'])", "failed", "os.exec is not allowed here"),
        ("import multiprocessing\nmultiprocessing.Process(target=print).start()", "failed", "not allowed here"),
        ("import ctypes\nctypes.CDLL(None)", "failed", "ctypes.dlopen is not allowed here"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 9))", "failed", "not allowed here"),
        ("import socket\nsocket.socket()", "failed", "not allowed here"),
        ("import socket\nsocket.socket(socket.AF_UNIX).connect('mine')", "failed", "socket.connect is not allowed"),
        ("import socket\nsocket.socket(socket.AF_UNIX).bind('mine')", "failed", "socket.bind is not allowed"),
        ("import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', 9))", "failed", "not allowed here"),
        ("import asyncio\nasyncio.run(asyncio.sleep(0))\nprint('slept')", "passed", "slept"),
        ("if __name__ == '__main__': print('main')", "passed", "main"),
        ("open('a', 'w').write('x' * 5_000_000)", "failed", "File too large"),
        ("import sys\nsys.exit(3)", "failed", ""),
        ("import os\nos.abort()", "failed", ""),
        ("def (", "failed", "SyntaxError"),
        ("raise ValueError('no')", "failed", "ValueError: no"),
        ("print('\\ud83d')", "failed", "UnicodeEncodeError"),
    ],
)
def test_what_becomes_of_a_program(program: str, outcome: str, shows: str) -> None:
    ran = run_python(program, TIGHT)
    assert ran.outcome == outcome
    assert shows in ran.output
    assert (ran.status == 0) == (outcome == "passed")


def test_the_exit_status_is_told() -> None:
    assert run_python("import sys\nsys.exit(3)", TIGHT).status == 3


def test_huge_output_is_cut_to_its_end() -> None:
    ran = run_python("while True: print('x' * 1000)", TIGHT)
    assert ran.outcome != "passed"
    assert 0 < len(ran.output) <= LONGEST_OUTPUT_CHARS
    assert run_python("print('x' * 100_000)\nprint('the end')", TIGHT).output.endswith("the end")


def test_it_sees_none_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    assert "sk-planted" not in run_python("import os\nprint(dict(os.environ))", TIGHT).output
    read = run_python(f"print(open('/proc/{os.getpid()}/environ').read())", TIGHT)
    assert read.outcome == "failed"
    assert "sk-planted" not in read.output


def test_a_set_of_strings_has_one_order() -> None:
    program = "print(*{'bow', 'stern', 'keel', 'mast', 'boom', 'deck', 'helm', 'hull'})"
    assert len({run_python(program, TIGHT).output for _ in range(8)}) == 1


def test_only_the_standard_library_can_be_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in (
        tmp_path,
        tmp_path / "lib" / version / "site-packages",
        tmp_path / "lib" / "python" / "site-packages",
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "planted.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for module in ("planted", "curator", "warden", "pydantic"):
        assert f"No module named '{module}'" in run_python(f"import {module}", TIGHT).output
    own = run_python("open('planted.py', 'w').close()\nimport planted", TIGHT)
    assert "No module named 'planted'" in own.output
    flags = run_python("import sys\nprint(sys.flags.safe_path, sys.flags.no_user_site, sys.flags.no_site)", TIGHT)
    assert flags.output == "True 1 1"


def test_files_outside_its_folder_are_out_of_reach(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("planted", encoding="utf-8")
    for program in (
        f"print(open({str(secret)!r}).read())",
        f"open({str(secret)!r}, 'w').write('x')",
        f"import os\nos.remove({str(secret)!r})",
        f"import os\nos.rename({str(secret)!r}, 'mine')",
        f"import os\nos.symlink({str(secret)!r}, 'mine')\nprint(open('mine').read())",
        f"import os\nprint(os.listdir({str(tmp_path)!r}))",
        f"import os\nos.open({str(tmp_path / 'new')!r}, os.O_CREAT | os.O_WRONLY)",
    ):
        ran = run_python(program, TIGHT)
        assert (ran.outcome, "planted" in ran.output) == ("failed", False)
        assert "lies outside the folder" in ran.output
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["planted"]


def test_its_own_folder_is_its_own_and_goes_with_it() -> None:
    program = "open('a.txt', 'w').write('mine')\nprint(open('a.txt').read())\nimport os\nprint(os.listdir('.'))"
    for _ in range(2):
        ran = run_python(program, TIGHT)
        assert ran.outcome == "passed"
        assert ran.output.splitlines()[0] == "mine"
        assert ran.output.count("a.txt") == 1


def test_tests_pass_only_if_their_end_is_reached() -> None:
    right = "def twice(x):\n    return 2 * x"
    assert run_tests(right, "assert twice(2) == 4", TIGHT).outcome == "passed"
    assert run_tests(right, "assert twice(2) == 4\nprint('checked')", TIGHT).output == "checked"
    wrong = run_tests(right, "assert twice(2) == 5", TIGHT)
    assert (wrong.outcome, wrong.output.rsplit("\n", 1)[-1]) == ("failed", "AssertionError")
    early = run_tests("import sys\nsys.exit(0)", "assert False", TIGHT)
    assert (early.outcome, early.output) == ("failed", "it ended before its tests did")


@pytest.mark.parametrize("leave", ["import os\nos._exit(0)", "raise SystemExit"])
def test_leaving_early_is_not_passing(leave: str) -> None:
    assert run_tests(leave, "assert False", TIGHT).outcome == "failed"


def test_what_is_printed_at_the_end_hides_nothing() -> None:
    ran = run_tests("import atexit\natexit.register(print, 'bye')\ndef one(): return 1", "assert one() == 1", TIGHT)
    assert (ran.outcome, ran.output) == ("passed", "bye")


@pytest.mark.parametrize(
    ("solution", "tests"),
    [
        ("def one(): return 1\nif __name__ == '__main__':\n    print(input())", "assert one() == 1"),
        ("x = 1", "from __future__ import annotations\nassert x == 1"),
        ("from __future__ import annotations\ndef f(x: No): pass", "assert f.__annotations__ == {'x': 'No'}"),
        ("def f(x: int): pass", "assert f.__annotations__ == {'x': int}"),
        ("x = 1", "from solution import x as same\nassert same == 1"),
        (
            "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass Boat: m: int",
            "import pickle\nassert pickle.loads(pickle.dumps(Boat(3))) == Boat(3)",
        ),
        ("import asyncio\nasync def one(): return 1", "assert asyncio.run(one()) == 1"),
    ],
)
def test_a_solution_is_a_module_and_its_tests_run_in_it(solution: str, tests: str) -> None:
    ran = run_tests(solution, tests, TIGHT)
    assert ran.outcome == "passed", ran.output


def test_a_solution_cannot_change_its_tests() -> None:
    assert run_tests("open('tests.py', 'w').write('')", "assert False", TIGHT).outcome == "failed"


def test_tests_that_are_no_python_are_named() -> None:
    ran = run_tests("x = 1", "assert (", TIGHT)
    assert (ran.outcome, 'File "tests.py", line 1' in ran.output) == ("failed", True)

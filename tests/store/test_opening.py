"""Opening a store: new, old, newer, foreign, damaged, unwritable, locked."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.errors import StoreError
from curator.store import FILE_NAME, Store
from curator.store.migrations import MIGRATIONS, Migration, migration, version_of
from tests.store.conftest import put, record

NOBODY = 65534


def schema(path: Path) -> list[tuple[str, str]]:
    """Return the names and statements of all tables and indices."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    connection.close()
    return rows


def test_a_store_is_made_with_its_folder(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new" / "workspace") as store:
        assert store.path == tmp_path / "new" / "workspace" / FILE_NAME
        assert store.runs.all() == []
    with sqlite3.connect(store.path) as connection:
        assert version_of(connection) == len(MIGRATIONS)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_file_may_be_named_instead_of_its_folder(tmp_path: Path) -> None:
    with Store.open(tmp_path / "mine.db") as store:
        assert store.path == tmp_path / "mine.db"


def test_what_is_not_there_is_only_made_if_wanted(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no .*curator\.db; make one with `curator run`"):
        Store.open(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seen", range(len(MIGRATIONS)))
def test_every_older_schema_is_brought_up_to_date(seen: int, tmp_path: Path) -> None:
    """From an empty file and from each released step, the schema ends up the same."""
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old, isolation_level=None)
    for number, step in enumerate(MIGRATIONS[:seen], start=1):
        step(connection)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
    for name in ("old.db", "new.db"):
        Store.open(tmp_path / name).close()
    assert schema(old) == schema(tmp_path / "new.db")


@pytest.fixture
def future_step() -> Iterator[Migration]:
    """Register a step that a later version may bring."""

    @migration
    def languages(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE records ADD COLUMN language TEXT NOT NULL DEFAULT 'en'")

    yield languages
    MIGRATIONS.remove(languages)


def test_a_new_step_keeps_what_is_there_and_shuts_out_the_old_version(tmp_path: Path, future_step: Migration) -> None:
    MIGRATIONS.remove(future_step)
    with Store.open(tmp_path) as store:
        put(store, store.runs.start("h", "{}", ("maker",)), record(1))
    MIGRATIONS.append(future_step)
    with Store.open(tmp_path) as store:
        assert store.candidates.find(record(1).id) == [record(1).id]
    MIGRATIONS.remove(future_step)
    with pytest.raises(StoreError, match=r"newer version of Curator \(schema 3, this one knows 2\); upgrade"):
        Store.open(tmp_path)
    MIGRATIONS.append(future_step)


def test_a_step_that_fails_leaves_nothing_behind(tmp_path: Path, future_step: Migration) -> None:
    @migration
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half_done (x)")
        connection.execute("ALTER TABLE no_such_table ADD COLUMN x")

    try:
        with pytest.raises(StoreError, match="no such table"):
            Store.open(tmp_path)
    finally:
        MIGRATIONS.remove(broken)
    assert schema(tmp_path / FILE_NAME) == []


@pytest.mark.parametrize("content", [b"name: recipe\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_database_is_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged or no Curator store"):
        Store.open(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        Store.open(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/workspace/curator\.db cannot be created"):
        Store.open(tmp_path / "file" / "workspace")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users can reach: pytest's own ones are closed to them."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("there", [False, True], ids=["new", "existing"])
def test_a_read_only_folder(there: bool, open_folder: Path) -> None:
    """In a process of its own, because the super-user, under whom tests often run, may write everywhere."""
    if there:
        Store.open(open_folder).close()
    open_folder.chmod(0o555)
    code = f"""
import os
from curator.errors import StoreError
from curator.store import Store
if os.getuid() == 0:
    os.setuid({NOBODY})
try:
    Store.open({str(open_folder)!r})
except StoreError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    open_folder.chmod(0o755)
    assert f"{open_folder / FILE_NAME} cannot be opened for writing" in said
    assert "check the folder's permissions" in said


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """Return a store on which another process holds a write transaction."""
    Store.open(tmp_path).close()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / FILE_NAME)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield tmp_path
        process.communicate()


def test_writing_while_another_process_holds_the_store(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curator.store.connection.BUSY_S", 0.1)
    store = Store.open(held)
    assert store.runs.all() == []  # reading goes on
    with pytest.raises(StoreError, match=r"is locked by another program .* nothing that was paid for is lost"):
        store.runs.start("h", "{}", ())
    with pytest.raises(StoreError, match="is locked"):
        store.close()


def test_a_new_store_that_another_process_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not yet a store cannot be made one."""
    monkeypatch.setattr("curator.store.connection.BUSY_S", 0.1)
    holder = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="is locked by another program"):
        Store.open(tmp_path)
    holder.close()


def test_an_odd_folder_name(tmp_path: Path) -> None:
    folder = tmp_path / "50% of #1? yes & más"
    with Store.open(folder) as store:
        put(store, store.runs.start("h", "{}", ("maker",)), record(1))
    assert [path.name for path in folder.iterdir()] == [FILE_NAME]

"""What only the engine's store must do: one owner, migrations, crashes, full disks."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.evidence.verify import verify
from streams.store import StoreError
from streams.store.clickhouse import ClickHouse
from streams.store.client import Engine, connect
from streams.store.columns import EVERY, names
from streams.store.migrate import migrate, migrations
from tests.streams.blocks import block, finding

INSERTS = ("events", "findings", "rejects", "ledger")


def _python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *args],
        capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip


def _sizes(database: Engine) -> list[int]:
    return [int(database.client.command(f"SELECT count() FROM {t}")) for t in INSERTS]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_rows_of_a_cut_off_block_are_written_once(
    kept: ClickHouse, database: Engine, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    sealed = block(findings=[finding(1)], rejects=[], duplicates=1)
    store = _cut_off(kept, database, monkeypatch, steps - 1, sealed)
    assert store.head("access", 0) is None
    store.write(sealed)
    assert _sizes(database) == [6, 1, 0, 1]
    assert verify(store).fault is None


def _cut_off(
    store: ClickHouse, database: Engine, monkeypatch: pytest.MonkeyPatch, steps: int, sealed
) -> ClickHouse:  # type: ignore[no-untyped-def]
    """Write with so many inserts done, then none; give the store of the next process."""
    insert, done = ClickHouse._insert, []

    def limited(self: ClickHouse, *args: object) -> None:
        if len(done) == steps:
            raise StoreError("cut off")
        done.append(1)
        insert(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ClickHouse, "_insert", limited)
        with pytest.raises(StoreError, match="cut off"):
            store.write(sealed)
    return ClickHouse(database)


def test_a_process_killed_between_two_inserts_leaves_nothing_wrong(tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from streams.evidence.verify import verify
        from streams.store.clickhouse import ClickHouse
        from tests.streams.blocks import block, finding
        store = ClickHouse.open("chdb://" + sys.argv[1])
        insert = ClickHouse._insert
        def killed(self, table, *args):
            if table == sys.argv[2]:
                os.kill(os.getpid(), signal.SIGKILL)
            insert(self, table, *args)
        ClickHouse._insert = killed
        first = block(findings=[finding(1)])
        store.write(first)
        report = verify(store)
        print(report.fault, report.blocks, report.rows, report.pending)
        """
    for table in ("findings", "ledger"):
        killed = _python(code, str(tmp_path / "s"), table)
        assert (killed.returncode, killed.stdout) == (-9, ""), killed.stderr
    assert _python(code, str(tmp_path / "s"), "").stdout == "None 1 7 0\n"


@pytest.mark.parametrize("steps", [0, 1])
def test_rows_left_by_another_catalogue_are_replaced(
    kept: ClickHouse, database: Engine, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Once more where the other one, too, is cut off, and the first catalogue comes back."""
    before = block(findings=[finding(1), finding(2)])
    store = _cut_off(kept, database, monkeypatch, 2, before)
    after = block(findings=[finding(3)], fingerprint="0" * 64)
    store = _cut_off(store, database, monkeypatch, steps, after)
    store.write(before)
    assert _sizes(database) == [6, 2, 0, 1]
    assert verify(store).fault is None


def test_a_redelivered_insert_collapses_under_its_token(kept: ClickHouse, database: Engine) -> None:
    sealed = block()
    stale = ClickHouse(database)
    assert stale.head("access", 0) is None
    kept.write(sealed)
    stale._clean.add(("access", 0))
    for table, columns in sealed.tables.items():
        if columns["line"]:
            stale._insert(table, columns, f"access/0/{sealed.header.last_offset}")
    assert _sizes(database) == [6, 0, 0, 1]


def test_an_ordinary_block_is_two_inserts(
    kept: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: list[str] = []
    insert = ClickHouse._insert

    def counted(self: ClickHouse, table: str, *args: object) -> None:
        tables.append(table)
        insert(self, table, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(ClickHouse, "_insert", counted)
    kept.write(block())
    assert tables == ["events", "ledger"]


def test_the_tables_have_the_columns_that_are_sealed_each_with_an_example(
    database: Engine,
) -> None:
    for table, columns in EVERY.items():
        rows = database.client.query(
            "SELECT name, type, comment FROM system.columns WHERE table = {t:String} "
            "AND database = currentDatabase() ORDER BY position",
            {"t": table},
        ).result_rows
        assert [row[0] for row in rows] == names(columns)
        for (name, type_, comment), column in zip(rows, columns, strict=True):
            assert "e.g." in comment, f"{table}.{name}"
            assert ("Nullable" in type_) == column.nullable, f"{table}.{name}"
            assert ("DateTime64" in type_) == (column.kind == "instant"), f"{table}.{name}"


def test_migrations_are_applied_once_and_never_change(database: Engine) -> None:
    assert migrate(database.client) == []
    database.client.command(
        "ALTER TABLE migrations UPDATE digest = 'x' WHERE 1 SETTINGS mutations_sync = 2"
    )
    with pytest.raises(Refusal, match=r"0001_evidence\.sql differs"):
        migrate(database.client)


def test_a_database_of_a_newer_version_is_refused(database: Engine) -> None:
    database.client.insert("migrations", [[9999, "9999_later.sql", "x"]])
    with pytest.raises(Refusal, match="newer version"):
        migrate(database.client)


def test_migrations_are_numbered_without_a_hole() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_second_owner_is_told_who_holds_the_store(engine: Engine, tmp_path: Path) -> None:
    directory = os.environ["TMPDIR"].removesuffix("/tmp")
    found = _python(
        """
        import sys
        from controls.kernel import Refusal
        from streams.store.client import connect
        try:
            connect("chdb://" + sys.argv[1])
        except Refusal as refusal:
            print(refusal)
        """,
        directory,
    )
    assert directory in found.stdout
    assert f"process {os.getpid()}" in found.stdout


def test_what_an_insert_left_behind_is_gone_after_a_start(tmp_path: Path) -> None:
    scratch = tmp_path / "store" / "tmp"
    scratch.mkdir(parents=True)
    (scratch / "left.native").write_text("clear")
    found = _python(
        """
        import os, sys, tempfile
        from streams.store.clickhouse import ClickHouse
        store = ClickHouse.open("chdb://" + sys.argv[1])
        print(os.listdir(sys.argv[1] + "/tmp"), tempfile.gettempdir())
        store.close()
        """,
        str(tmp_path / "store"),
    )
    assert found.stdout.split() == ["[]", str(scratch)], found.stderr


def test_a_store_that_was_closed_opens_again_with_its_chain(tmp_path: Path) -> None:
    code = """
        import sys
        from streams.store.clickhouse import ClickHouse
        from tests.streams.blocks import block
        store = ClickHouse.open("chdb://" + sys.argv[1])
        store.write(block(store.head("access", 0)))
        print(store.head("access", 0).number)
        """
    assert _python(code, str(tmp_path / "s")).stdout == "1\n"
    assert _python(code, str(tmp_path / "s")).stdout == "2\n"


def test_files_of_the_working_directory_are_no_tables(tmp_path: Path) -> None:
    """In the engine's own database `default` they are, and go before tables."""
    for name in (*INSERTS, "log"):
        (tmp_path / name).write_text("somebody's file\n")
    code = """
        import os, sys
        from streams.store.clickhouse import ClickHouse
        from tests.streams.blocks import block
        os.chdir(sys.argv[1])
        store = ClickHouse.open("chdb://store")
        store.write(block(None))
        print(store.head("access", 0).number, store.last_entry(), len(list(store.blocks())))
        """
    found = _python(code, str(tmp_path))
    assert found.stdout == "1 None 1\n", found.stderr


def test_a_store_of_a_former_version_keeps_its_rows(tmp_path: Path) -> None:
    """It has its tables in `default`."""
    code = """
        import sys
        from streams.store import client
        from streams.store.clickhouse import ClickHouse
        from tests.streams.blocks import block
        if len(sys.argv) > 2:
            client._move_in = lambda client: None
        store = ClickHouse.open("chdb://" + sys.argv[1])
        store.write(block(store.head("access", 0)))
        print(store.head("access", 0).number, store._client.database)
        """
    former = _python(code, str(tmp_path / "s"), "former")
    assert former.stdout.split()[0] == "1", former.stderr
    assert _python(code, str(tmp_path / "s")).stdout == "2 shoseki\n"
    assert _python(code, str(tmp_path / "s")).stdout == "3 shoseki\n"


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="cannot be kept here"):
        connect(f"chdb://{tmp_path / 'file' / 'store'}")


def test_an_odd_url_is_refused() -> None:
    with pytest.raises(Refusal, match="expected chdb://DIRECTORY"):
        connect("sqlite://x")


def test_a_full_disk_is_an_error_that_names_the_table(tmp_path: Path) -> None:
    found = _python(
        """
        import resource, signal, sys
        from streams.store import StoreError
        from streams.store.clickhouse import ClickHouse
        from tests.streams.blocks import block
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = ClickHouse.open("chdb://" + sys.argv[1])
        first = block()
        store.write(first)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
        second = block(first.head, size=20_000)
        try:
            store.write(second)
        except StoreError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        print(store.head("access", 0).number)
        store.write(second)
        print(store.head("access", 0).number)
        """,
        str(tmp_path / "s"),
    )
    lines = found.stdout.splitlines()
    assert "insert into events failed" in lines[0], found.stderr
    assert lines[1:] == ["1", "2"], found.stderr


def test_an_error_does_not_quote_what_was_written(kept: ClickHouse) -> None:
    sealed = block()
    broken = replace(sealed, tables={**sealed.tables, "events": {
        **sealed.tables["events"], "partition": [-1] * len(sealed.events)}})  # fmt: skip
    kept._client.command("DROP TABLE events")
    with pytest.raises(StoreError) as caught:
        kept.write(broken)
    assert "ps2026" not in str(caught.value)
    assert "UNKNOWN_TABLE" in str(caught.value)

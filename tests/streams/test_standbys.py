"""Why no worker keeps a standby: what it has queued is gone when the flow resumes, and RocksDB goes
on behind the hole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from faust.assignor.client_assignment import CopartitionedAssignment
from faust.assignor.copartitioned_assignor import CopartitionedAssignor
from faust.types import TP

from streams.app import application
from streams.settings import Settings
from streams.topics import changelog, table

PLACE = TP(changelog("access"), 0)


def app(folder: Path) -> Any:
    return application(
        Settings(
            broker=f"local://{folder}/log", store=f"chdb://{folder}/store", data=str(folder),
            keys=f"{folder}.keys", state="rocksdb://",
        )
    )  # fmt: skip


def record(offset: int) -> Any:
    """A record of the changelog, as recovery hands it to a table."""
    key, value = b"0|case|%d" % offset, msgspec.json.encode({"applied": offset})
    message = SimpleNamespace(
        key=key, value=value, tp=PLACE, partition=PLACE.partition, offset=offset
    )
    return SimpleNamespace(key=key, value=value, message=message)


def test_what_a_standby_has_queued_is_gone_and_its_offset_lies_behind_it(tmp_path: Path) -> None:
    pytest.importorskip("rocksdict")

    async def follow() -> tuple[set[int], int]:
        one = app(tmp_path)
        state = one.Table(table("access"), partitions=1, key_type=bytes, value_type=bytes)
        queue = one.tables.changelog_queue
        state.apply_changelog_batch([record(0), record(1)])
        one.flow_control.suspend()  # a rebalance begins
        for offset in (2, 3):
            queue.put_nowait(record(offset))
        one.flow_control.resume()  # it is over
        queue.put_nowait(record(4))
        while not queue.empty():
            state.apply_changelog_batch([queue.get_nowait()])
        held = {n for n in range(5) if state.data.get(record(n).key) is not None}
        return held, state.data.persisted_offset(PLACE)

    held, offset = asyncio.run(follow())
    assert offset == 4
    assert held == {0, 1, 4}


@pytest.mark.parametrize("replicas", [None, 1])
def test_no_partition_has_a_standby(tmp_path: Path, replicas: int | None) -> None:
    """As Faust's assignor shares partitions out; with one replica of a table, each has one."""
    one = app(tmp_path)
    if replicas is not None:
        one.conf.table_standby_replicas = replicas
    workers = {
        name: CopartitionedAssignment(topics={"shoseki-access"}) for name in ("first", "second")
    }
    shared = CopartitionedAssignor(
        topics={"shoseki-access"}, cluster_asgn=workers, num_partitions=4,
        replicas=one.conf.table_standby_replicas,
    ).get_assignment()  # fmt: skip
    assert sum(len(each.actives) for each in shared.values()) == 4
    assert sum(len(each.standbys) for each in shared.values()) == (4 if replicas else 0)

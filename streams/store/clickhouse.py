"""The store on ClickHouse, embedded or a server: the same SQL for both."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from controls.events import Event
from streams.evidence.block import Head, Sealed
from streams.evidence.log import Entry
from streams.store import Ask, StoreError, misplaced, unquestioned
from streams.store.client import Engine, connect
from streams.store.columns import (
    ENVELOPE,
    EVERY,
    FINDINGS,
    LEDGER,
    LOG,
    PLACE,
    REJECTS,
    TABLES,
    event_from,
    finding_from,
    names,
)
from streams.store.migrate import migrate
from streams.store.patience import named
from streams.store.sql import HERE, SCHEMAS, clamped, coarse, exact, read

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from streams.settings import ClickHouseServer

PAGE = 20_000
"""Rows read at once where all of a table is wanted."""
BLOCKS = 5_000
"""Blocks counted at once to make such pages."""
VALUES = 2_000
"""Values in one query; the engine refuses a text of more than 256 KiB."""
_decoder = msgspec.json.Decoder()


_EVENT = read(ENVELOPE) + ", attributes"
_BLOCK = names(PLACE).index("block")


class ClickHouse:
    """Evidence in ClickHouse; `open` gives one that is migrated and ready."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._client: Client = engine.client
        self._ask = engine.patience.ask
        self._heads: dict[tuple[str, int], Head] = {}
        self._clean: set[tuple[str, int]] = set()
        self._chains = threading.RLock()
        """Held while a chain is looked at or extended: blocks are written in threads."""

    @classmethod
    def open(cls, url: str, server: ClickHouseServer | None = None) -> ClickHouse:
        """Open the URL (see `client.connect`) and bring the database forward."""
        engine = connect(url, server)
        try:
            migrate(engine.client, engine.cluster)
        except BaseException:
            engine.close()
            raise
        return cls(engine)

    def close(self) -> None:
        self._engine.close()

    # --- writing ---------------------------------------------------------------------------

    def write(self, sealed: Sealed, held: Callable[[], None] = unquestioned) -> None:
        def attempt() -> None:
            with self._chains:
                self._write(sealed, held)

        self._ask(attempt)

    def _write(self, sealed: Sealed, held: Callable[[], None]) -> None:
        """One attempt.  After one that failed nothing is taken for granted: what was taken of a
        lost insert is looked up, and its token decides about what arrives after that."""
        header = sealed.header
        key = (header.lane, header.partition)
        known = key in self._clean
        self._clean.discard(key)
        head = self._heads.get(key) if known else self._last(*key)
        if head is not None and header.last_offset <= head.last_offset:
            if sealed.number == head.number and sealed.head.link != head.link:
                raise StoreError(f"{_name(sealed)} is already sealed with other contents")
            return
        if sealed.ledger["previous"] != (head.link if head else ""):
            raise StoreError(f"{_name(sealed)} does not follow the end of its chain")
        token = f"{header.lane}/{header.partition}/{header.last_offset}"
        for table, columns in sealed.tables.items():
            if not known:
                self._settle(table, columns, sealed, head, token, held)
            elif columns["line"]:
                self._insert(table, columns, token, held)
        ledger = {name: [value] for name, value in sealed.ledger.items()}
        self._insert("ledger", ledger, token, held)
        self._heads[key] = sealed.head
        self._clean.add(key)

    def _insert(
        self,
        table: str,
        columns: Mapping[str, Sequence[Any]],
        token: str,
        held: Callable[[], None] = unquestioned,
    ) -> None:
        schema = SCHEMAS[table]
        arrays = [pa.array(columns[field.name], field.type) for field in schema]
        rows = pa.Table.from_arrays(arrays, schema=schema)
        held()  # asked last of all, so that as little as can be lies between that and the rows
        with named(f"insert into {table}"):
            self._client.insert_arrow(table, rows, settings={"insert_deduplication_token": token})

    def _settle(
        self, table: str, columns: Mapping[str, Sequence[Any]], sealed: Sealed,
        head: Head | None, token: str, held: Callable[[], None],
    ) -> None:  # fmt: skip
        """Insert a table's rows after a start, when a cut-off writer may have left some.

        Rows without a ledger row that equal these stay.  Others (the catalogue changed in
        between) go; and where the engine takes the new rows for ones that have gone, they are
        given a token of their own.
        """
        last = sealed.header.last_offset
        here = {
            "lane": sealed.header.lane,
            "partition": sealed.header.partition,
            "above": head.last_offset if head else -1,
        }
        where = f"WHERE {HERE} AND block > {{above:Int64}}"
        select = f"SELECT {read(TABLES[table])} FROM {table} {where} ORDER BY block, line"
        since = f"SELECT last_offset FROM ledger WHERE {HERE} AND last_offset > {{above:Int64}}"
        wanted = msgspec.json.encode(list(zip(*columns.values(), strict=True)))
        for unique in ("", f"/{uuid.uuid4().hex}"):
            found = self._fetch(select, here)
            # another worker may have sealed blocks since `head` was read: theirs are no leftovers
            others = {offset for (offset,) in self._fetch(since, here)}
            found = [row for row in found if row[_BLOCK] == last or row[_BLOCK] not in others]
            if msgspec.json.encode(found) == wanted:
                return
            if left := sorted({row[_BLOCK] for row in found} - others):
                held()
                with named(f"clearing unsealed rows of {table}"):
                    self._client.command(
                        f"DELETE FROM {table} {where} AND block IN {{left:Array(UInt64)}}",
                        parameters=here | {"left": left},
                    )
            if columns["line"]:
                self._insert(table, columns, token + unique, held)

    # --- reading ---------------------------------------------------------------------------

    def _rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        return self._ask(lambda: self._fetch(sql, parameters))

    def _fetch(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        with named("query"):
            text = self._client.raw_query(sql, dict(parameters or {}), fmt="JSONCompactEachRow")
        return _decoder.decode_lines(text)

    def query(
        self, sql: str, parameters: Mapping[str, Any], seconds: float = 10.0, rows: int = 10_000
    ) -> list[dict[str, Any]]:
        settings = {
            "max_execution_time": seconds,
            "max_result_rows": rows + 1,
            "result_overflow_mode": "break",
        }

        with named("query"):  # whoever looks asks again; waiting would hold up the others
            text = self._client.raw_query(
                sql, dict(parameters), settings=settings, fmt="JSONEachRow"
            )
        found: list[dict[str, Any]] = _decoder.decode_lines(text)
        return found[:rows]

    def head(self, lane: str, partition: int) -> Head | None:
        def attempt() -> Head | None:
            with self._chains:
                return self._last(lane, partition)

        return self._ask(attempt)

    def _last(self, lane: str, partition: int) -> Head | None:
        if self._engine.cluster:
            self._catch_up()
        self._heads.pop((lane, partition), None)
        self._clean.discard((lane, partition))
        head = self._head("1", {"lane": lane, "partition": partition}, self._fetch)
        if head is not None:
            self._heads[lane, partition] = head
        return head

    def _catch_up(self) -> None:
        """Have this replica fetch what was written through others before it is asked."""
        for table in EVERY:
            with named(f"waiting for the replica of {table}"):
                self._client.command(catch_up(table))

    def heads(self) -> dict[tuple[str, int], Head]:
        if self._engine.cluster:
            self._ask(self._catch_up)
        rows = self._rows(
            "SELECT lane, partition, number, last_offset, link, toUnixTimestamp64Milli(now),"
            " books_upto FROM ledger ORDER BY lane, partition, number DESC"
            " LIMIT 1 BY lane, partition"
        )
        return {(lane, partition): Head(*head) for lane, partition, *head in rows}

    def block(self, lane: str, partition: int, number: int) -> Head | None:
        here = {"lane": lane, "partition": partition, "number": number}
        return self._head("number = {number:UInt64}", here)

    def ending(self, lane: str, partition: int, offset: int) -> Head | None:
        here = {"lane": lane, "partition": partition, "offset": offset}
        return self._head("last_offset <= {offset:Int64}", here)

    def _head(
        self,
        condition: str,
        parameters: Mapping[str, Any],
        ask: Callable[[str, Mapping[str, Any]], list[Any]] | None = None,
    ) -> Head | None:
        found = (ask or self._rows)(
            "SELECT number, last_offset, link, toUnixTimestamp64Milli(now), books_upto "
            f"FROM ledger WHERE {HERE} AND {condition} ORDER BY number DESC LIMIT 1",
            parameters,
        )
        return Head(*found[0]) if found else None

    def recall(
        self, lane: str, partition: int, below: int, asks: Sequence[Ask]
    ) -> Iterator[Event]:
        if (lane, partition) not in self._heads and self.head(lane, partition) is None:
            return  # nothing is sealed yet
        together: dict[str, list[Ask]] = {}
        for ask in asks:
            together.setdefault(ask.type, []).append(ask)
        here = {"lane": lane, "partition": partition, "below": below}
        found = [
            self._wanted(here, type_, some)
            for type_, group in together.items()
            for some in _portions(group)
        ]
        last = None
        for place, event in merge(*found, key=itemgetter(0)):
            if place != last:
                yield event
            last = place

    def _wanted(
        self, here: Mapping[str, Any], type_: str, asks: Sequence[Ask]
    ) -> Iterator[tuple[tuple[int, int], Event]]:
        """Events of one type that the asks want, with their places and in their order; some `PAGE`
        rows are held at a time."""
        condition, parameters = coarse(type_, asks)
        wants = exact(asks)
        block, line = 0, -1
        while rows := self._rows(
            f"SELECT block, line, {_EVENT} FROM events WHERE {HERE} "
            "AND offset < {below:UInt64} AND event_type = {type:String} "
            "AND block >= {block:Int64} AND (block, line) > ({block:Int64}, {line:Int64}) "
            f"AND ({condition}) ORDER BY block, line LIMIT {PAGE}",
            {**here, **parameters, "type": type_, "block": block, "line": line},
        ):
            for block, line, *row in rows:
                event = event_from(row)
                if wants(event):
                    yield (block, line), event
            if len(rows) < PAGE:
                return

    def history(
        self, lane: str, partition: int, types: Sequence[str], upto: int
    ) -> Iterator[list[Event]]:
        condition = "event_type IN {types:Array(String)} AND block <= {upto:Int64}"
        bounds = {"types": list(types), "upto": upto}
        for page in self._pages("events", _EVENT, lane, partition, condition, bounds):
            yield [event_from(row) for row in page]

    def fingerprints(self, lane: str, partition: int) -> set[str]:
        rows = self._rows(
            f"SELECT DISTINCT fingerprint FROM ledger WHERE {HERE}",
            {"lane": lane, "partition": partition},
        )
        return {str(fingerprint) for (fingerprint,) in rows}

    def ids(self, lane: str, partition: int, below: int, since: int) -> Iterator[tuple[str, str]]:
        condition = (
            "offset < {below:UInt64} "
            "AND recorded_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
        )
        bounds = {"below": below, "since": clamped(since)}
        wanted = "event_id, ifNull(payload_digest, '')"
        for page in self._pages("events", wanted, lane, partition, condition, bounds):
            yield from map(tuple, page)

    def digests(
        self, lane: str, partition: int, below: int, ids: Collection[str]
    ) -> dict[str, str]:
        wanted = sorted(ids)
        found: dict[str, str] = {}
        for at in range(0, len(wanted), VALUES):
            rows = self._rows(
                f"SELECT event_id, ifNull(payload_digest, '') FROM events WHERE {HERE}"
                " AND offset < {below:UInt64} AND event_id IN {ids:Array(String)}",
                {
                    "lane": lane,
                    "partition": partition,
                    "below": below,
                    "ids": wanted[at : at + VALUES],
                },
            )
            found.update(map(tuple, rows))
        return found

    def rejected(
        self, lane: str, partition: int, below: int, rejects: Collection[tuple[str, int, str]]
    ) -> set[tuple[str, int, str]]:
        wanted = sorted(rejects)
        known: set[tuple[str, int, str]] = set()
        for at in range(0, len(wanted), VALUES):
            origins, positions, digests = zip(*wanted[at : at + VALUES], strict=True)
            rows = self._rows(
                f"SELECT origin, position, digest FROM rejects WHERE {HERE}"
                " AND offset < {below:UInt64} AND origin IN {origins:Array(String)}"
                " AND position BETWEEN {low:UInt64} AND {high:UInt64}"
                " AND digest IN {digests:Array(String)}",
                {
                    "lane": lane,
                    "partition": partition,
                    "below": below,
                    "origins": sorted(set(origins)),
                    "low": min(positions),
                    "high": max(positions),
                    "digests": sorted(set(digests)),
                },
            )
            known.update(map(tuple, rows))
        return known & set(rejects)

    def latest(self, lane: str, partition: int) -> dict[str, int]:
        rows = self._rows(
            "SELECT event_type, toUnixTimestamp64Milli(max(occurred_at)) FROM events "
            f"WHERE {HERE} GROUP BY event_type",
            {"lane": lane, "partition": partition},
        )
        return dict(rows)

    def findings(self, history: bool = False) -> list[dict[str, Any]]:
        newest = "" if history else "LIMIT 1 BY finding_id"
        return self._findings(f"ORDER BY finding_id, revision DESC {newest}", {})

    def finding(self, finding_id: str) -> list[dict[str, Any]]:
        return self._findings("WHERE finding_id = {id:String}", {"id": finding_id})

    def _findings(self, clause: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        keys = names(FINDINGS)
        rows = self._rows(f"SELECT {read(FINDINGS)} FROM findings {clause}", parameters)
        found = [finding_from(dict(zip(keys, row, strict=True))) for row in rows]
        found.sort(key=lambda f: (f["occurred_at"], f["finding_id"], f["revision"]))
        return found

    def events(self, event_ids: Iterable[str]) -> list[Event]:
        wanted = list(dict.fromkeys(event_ids))
        if not wanted:
            return []
        rows = self._rows(
            f"SELECT {_EVENT} FROM events WHERE event_id IN {{ids:Array(String)}}",
            {"ids": wanted},
        )
        known = {event.event_id: event for event in map(event_from, rows)}
        return [known[event_id] for event_id in wanted if event_id in known]

    def populations(self) -> dict[str, dict[str, int]]:
        total: dict[str, dict[str, int]] = {}
        for control, verdict, count in self._rows(
            "SELECT control.1, verdict.1, sum(verdict.2) FROM ("
            " SELECT arrayJoin(JSONExtractKeysAndValuesRaw(populations)) AS control,"
            " arrayJoin(JSONExtractKeysAndValues(control.2, 'Int64')) AS verdict FROM ledger"
            ") GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            total.setdefault(control, {})[verdict] = count
        return total

    def last_judged(self) -> dict[str, int]:
        rows = self._rows(
            "SELECT control, toUnixTimestamp64Milli(max(recorded_at)) FROM ("
            " SELECT arrayJoin(JSONExtractKeys(populations)) AS control, recorded_at FROM ledger"
            ") GROUP BY control ORDER BY control"
        )
        return {control: int(at) for control, at in rows}

    def blocks(self) -> Iterator[dict[str, Any]]:
        keys = names(LEDGER)
        for lane, partition in self._places():
            place = {"lane": lane, "partition": partition, "from": 0}
            while rows := self._rows(
                f"WITH (SELECT min(number) FROM ledger WHERE {HERE}"
                " AND number >= {from:UInt64}) AS first "
                f"SELECT {read(LEDGER)} FROM ledger WHERE {HERE}"
                " AND number >= {from:UInt64} AND number < first + 1000 ORDER BY number, link",
                place,
            ):
                blocks = [dict(zip(keys, row, strict=True)) for row in rows]
                place["from"] = blocks[-1]["number"] + 1
                yield from blocks

    def _places(self) -> list[Any]:
        return self._rows("SELECT DISTINCT lane, partition FROM ledger ORDER BY 1, 2")

    def rows(
        self, table: str, lane: str, partition: int, first: int = 0
    ) -> Iterator[dict[str, Any]]:
        columns = TABLES[table]
        keys = names(columns)
        since = {"first": first}
        condition = "block >= {first:UInt64}"
        for page in self._pages(table, read(columns), lane, partition, condition, since):
            for row in page:
                yield dict(zip(keys, row, strict=True))

    def log(self, first: int = 0) -> Iterator[Entry]:
        while rows := self._rows(
            f"SELECT {read(LOG)} FROM log WHERE entry >= {{first:UInt64}}"
            f" ORDER BY entry LIMIT {BLOCKS}",
            {"first": first},
        ):
            yield from map(_entry, rows)
            first = rows[-1][0] + 1

    def last_entry(self) -> Entry | None:
        if self._engine.cluster:
            self._ask(self._catch_up)
        rows = self._rows(f"SELECT {read(LOG)} FROM log ORDER BY entry DESC LIMIT 1")
        return _entry(rows[0]) if rows else None

    def append(self, entry: Entry, held: Callable[[], None] = unquestioned) -> None:
        last = self.last_entry()
        if (last.size if last else 0) == entry.index:
            heads = msgspec.json.encode(entry.heads).decode()
            values = (entry.index, entry.at, heads, entry.edge, entry.note)
            columns = {name: [value] for name, value in zip(names(LOG), values, strict=True)}
            # of two writers the engine takes the first: both have the same token
            self._ask(lambda: self._insert("log", columns, f"log/{entry.index}", held))
        if next(self.log(entry.index), None) != entry:
            raise misplaced(entry)

    # --- copying ---------------------------------------------------------------------------

    def export(self, table: str, lane: str, partition: int, upto: int) -> Iterator[pa.Table]:
        """Rows of one table and partition, of blocks that end at `upto` or before, in order."""
        order = "number" if table == "ledger" else "block, line"
        end = "last_offset" if table == "ledger" else "block"
        where = f"{HERE} AND {end} <= {{upto:Int64}} ORDER BY {order}"
        yield from self._exported(
            table, where, {"lane": lane, "partition": partition, "upto": upto}
        )

    def export_log(self, size: int) -> Iterator[pa.Table]:
        """The first `size` entries of the log, in order."""
        yield from self._exported("log", "entry < {size:UInt64} ORDER BY entry", {"size": size})

    def _exported(
        self, table: str, where: str, parameters: Mapping[str, Any]
    ) -> Iterator[pa.Table]:
        columns = ", ".join(f"`{name}`" for name in names(EVERY[table]))
        with (
            named(f"reading {table}"),
            self._client.query_arrow_stream(
                f"SELECT {columns} FROM {table} WHERE {where}", parameters=dict(parameters)
            ) as stream,
        ):
            for batch in stream:
                yield pa.Table.from_batches([batch]).cast(SCHEMAS[table])

    def load(self, table: str, rows: pa.Table, token: str) -> None:
        """Insert rows that were exported; those of one month go together, as parts do."""
        months = pc.strftime(rows["at" if table == "log" else "recorded_at"], format="%Y%m")
        for month in sorted(set(months.to_pylist())):
            with named(f"insert into {table}"):
                self._client.insert_arrow(
                    table,
                    rows.filter(pc.equal(months, month)),
                    settings={"insert_deduplication_token": f"{token}/{month}"},
                )

    def empty(self) -> bool:
        """Whether no table holds a row."""
        return not any(self._rows(f"SELECT 1 FROM {table} LIMIT 1") for table in EVERY)

    def reject_counts(self) -> list[dict[str, Any]]:
        keys = ("day", "source_id", "origin", "reason", "count")
        rows = self._rows(
            "SELECT toString(toDate(recorded_at, 'Asia/Tokyo')) AS day, source_id, origin, reason,"
            " count() FROM rejects GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def rejects(self, limit: int = 100) -> list[dict[str, Any]]:
        keys = names(REJECTS)
        rows = self._rows(
            f"SELECT {read(REJECTS)} FROM rejects"
            " ORDER BY recorded_at DESC, lane, partition, block DESC, line DESC"
            " LIMIT {limit:UInt32}",
            {"limit": limit},
        )
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def expire(self, retention: str, before: int) -> int:
        where = (
            "retention = {retention:String} "
            "AND recorded_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')"
        )
        bounds = {"retention": retention, "before": clamped(before)}
        count = f"SELECT count() FROM events WHERE {where}"
        gone: int = self._rows(count, bounds)[0][0]
        if gone:
            self._ask(lambda: self._delete(where, bounds))
            gone -= self._rows(count, bounds)[0][0]
        return gone

    def _delete(self, where: str, bounds: Mapping[str, Any]) -> None:
        """Delete for good: the parts are written anew without the rows, not masked."""
        with named("deleting expired events"):
            self._client.command(
                f"ALTER TABLE events DELETE WHERE {where}",
                parameters=dict(bounds),
                settings={"mutations_sync": 2},
            )

    def _pages(
        self, table: str, wanted: str, lane: str, partition: int, condition: str,
        parameters: Mapping[str, Any],
    ) -> Iterator[list[Any]]:  # fmt: skip
        """Rows by block and line, whole blocks at a time, some `PAGE` rows a query."""
        here = {"lane": lane, "partition": partition, **parameters}
        where = f"FROM {table} WHERE {HERE} AND {condition}"
        after = -1
        while counts := self._rows(
            f"SELECT block, count() {where} AND block > {{after:Int64}}"
            f" GROUP BY block ORDER BY block LIMIT {BLOCKS}"
            " SETTINGS optimize_aggregation_in_order = 1",
            here | {"after": after},
        ):
            for low, high in _spans(counts):
                yield self._rows(
                    f"SELECT {wanted} {where} AND block BETWEEN {{low:UInt64}} AND {{high:UInt64}}"
                    " ORDER BY block, line",
                    here | {"low": low, "high": high},
                )
            after = counts[-1][0]


def _entry(row: Sequence[Any]) -> Entry:
    index, at, heads, edge, note = row
    return Entry(index, at, _decoder.decode(heads), edge, note)


def catch_up(table: str) -> str:
    """The statement with which a replica fetches what others have."""
    return f"SYSTEM SYNC REPLICA {table} LIGHTWEIGHT"


def _spans(counts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """First and last of runs of blocks with some `PAGE` rows together, from (block, rows)."""
    start = 0
    while start < len(counts):
        end, size = start + 1, counts[start][1]
        while end < len(counts) and size + counts[end][1] <= PAGE:
            size += counts[end][1]
            end += 1
        yield counts[start][0], counts[end - 1][0]
        start = end


def _portions(asks: Sequence[Ask]) -> Iterator[list[Ask]]:
    """The asks with no more values together than the text of a query may hold."""
    portion: list[Ask] = []
    size = 0
    for ask in asks:
        values = sorted(ask.values)
        for start in range(0, max(len(values), 1), VALUES):
            some = frozenset(values[start : start + VALUES])
            if portion and size + len(some) > VALUES:
                yield portion
                portion, size = [], 0
            portion.append(replace(ask, values=some))
            size += len(some)
    if portion:
        yield portion


def _name(sealed: Sealed) -> str:
    header = sealed.header
    return f"block {sealed.number} of {header.lane}/{header.partition}"

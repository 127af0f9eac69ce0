"""Whether the ledger's books add up: minutes in quarter-hours, these in totals, rows in lanes."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.ledger.damage import required
from collector.ledger.rows import load_accounts, load_ids

_QUARTER_SECONDS = 900
_PARTS = ("counter", "integrated", "estimated")
_SUMS = ", ".join(
    # In two halves: a sum of integers that does not fit into 63 bits is an error in SQLite.
    f"sum({name} / 4294967296), sum({name} % 4294967296)"
    for name in ("counter_mj", "integrated_mj", "estimated_mj")
)
_REGISTERED = f"SELECT account, {_SUMS} FROM register_quarter_hour GROUP BY account"  # noqa: S608
_GAPS = f"SELECT account, {_SUMS} FROM gap GROUP BY account"  # noqa: S608 - our own column names
# The oldest quarter-hour may have lost minutes to pruning; each later one has all of its own.
_FIRST_WHOLE = f"""
SELECT ifnull((min(start_s) + {_QUARTER_SECONDS - 1}) / {_QUARTER_SECONDS} * {_QUARTER_SECONDS}, 0)
FROM register_minute
"""  # noqa: S608 - our own numbers
_MINUTES = f"""
WITH minutes AS (
    SELECT start_s / {_QUARTER_SECONDS} * {_QUARTER_SECONDS} AS quarter_s, account,
        sum(counter_mj) AS counter_mj, sum(integrated_mj) AS integrated_mj,
        sum(estimated_mj) AS estimated_mj, sum(elapsed_ns) AS elapsed_ns
    FROM register_minute WHERE start_s >= :first_s GROUP BY quarter_s, account
)
SELECT minutes.quarter_s, minutes.account,
    minutes.counter_mj - ifnull(whole.counter_mj, 0),
    minutes.integrated_mj - ifnull(whole.integrated_mj, 0),
    minutes.estimated_mj - ifnull(whole.estimated_mj, 0),
    minutes.elapsed_ns - ifnull(whole.elapsed_ns, 0)
FROM minutes LEFT JOIN register_quarter_hour AS whole
    ON whole.start_s = minutes.quarter_s AND whole.account = minutes.account
WHERE minutes.counter_mj IS NOT whole.counter_mj
    OR minutes.integrated_mj IS NOT whole.integrated_mj
    OR minutes.estimated_mj IS NOT whole.estimated_mj
    OR minutes.elapsed_ns IS NOT whole.elapsed_ns
ORDER BY minutes.quarter_s LIMIT 1000
"""  # noqa: S608 - our own numbers
_ODD_REGISTERS = """
SELECT count(*) FROM {table} WHERE start_s % {seconds} OR covered_ns < 0 OR elapsed_ns < 0
    OR counter_mj < 0 OR integrated_mj < 0 OR estimated_mj < 0
"""
_ODD_GAPS = "SELECT count(*) FROM gap WHERE end_ns <= start_ns"
_LANES = """
SELECT lane.name, lane.row_count, lane.payload_bytes, lane.dropped_rows, lane.quarantined_rows,
    count(outbox.id), ifnull(sum(length(outbox.payload)), 0),
    ifnull(max(outbox.id), 0) > lane.last_id
FROM outbox_lane AS lane LEFT JOIN outbox_topic AS topic ON topic.lane = lane.id
LEFT JOIN outbox ON outbox.topic = topic.id GROUP BY lane.id ORDER BY lane.name
"""
_SEQS = """
SELECT topic.topic, topic.seq, max(row.seq), count(*), count(DISTINCT row.seq)
FROM outbox_topic AS topic JOIN outbox AS row ON row.topic = topic.id GROUP BY topic.id
HAVING max(row.seq) > topic.seq OR count(*) != count(DISTINCT row.seq)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane of the outbox: what waits in it, and what was given up or refused over its life."""

    name: str
    rows: int
    payload_bytes: int
    dropped_rows: int
    quarantined_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What is wrong with the books, and what is worth knowing."""

    problems: Sequence[str]
    notes: Sequence[str]


def totals_mj(connection: sqlite3.Connection) -> list[int]:
    """Each account's lifetime total, in millijoules.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return [state.total.total_mj for state in load_accounts(connection).values()]


def books(connection: sqlite3.Connection) -> Books:
    """Add up energy.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    names = {number: f"{key.device} {key.scope}" for key, number in load_ids(connection).items()}
    totals = {
        f"{key.device} {key.scope}": (
            state.total.counter_mj,
            state.total.integrated_mj,
            state.total.estimated_mj,
        )
        for key, state in load_accounts(connection).items()
    }
    problems = [*_odd(connection)]
    notes: list[str] = []
    for what, sql in (("registers", _REGISTERED), ("gaps", _GAPS)):
        for number, *halves in required(connection.execute(sql), "iiiiiii"):
            name = names.get(number, f"account {number}")
            total = totals.get(name)
            if total is None:
                problems.append(f"{name} has {what} and no total")
                continue
            held = [high * 2**32 + low for high, low in zip(halves[::2], halves[1::2], strict=True)]
            problems += [
                f"{name}: the {what} hold {has - may} mJ more of {part} energy than the total"
                for part, has, may in zip(_PARTS, held, total, strict=True)
                if has > may
            ]
            if what == "registers" and sum(held) < sum(total):
                older = (sum(total) - sum(held)) / 3.6e9
                notes.append(f"{name}: {older:,.3f} kWh of the total are older than the registers")
    more, fewer = _minutes(connection, names)
    return Books(problems=[*problems, *more], notes=[*notes, *fewer])


def lanes(connection: sqlite3.Connection) -> tuple[tuple[Lane, ...], list[str]]:
    """The outbox, and what does not add up in it.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found, problems = [], []
    for name, rows, size, dropped, quarantined, counted, measured, beyond in required(
        connection.execute(_LANES), "tiiiiiii"
    ):
        found.append(
            Lane(
                name=name,
                rows=counted,
                payload_bytes=measured,
                dropped_rows=dropped,
                quarantined_rows=quarantined,
            )
        )
        if (rows, size) != (counted, measured):
            problems.append(
                f"outbox {name}: {rows} rows of {size} bytes are noted, {counted} of {measured} "
                "bytes are there"
            )
        if beyond:
            problems.append(f"outbox {name}: a row has a number that was not given yet")
    problems += [
        f"outbox, topic '{topic}': seq {highest} is beyond {last}, the last that was given, or is "
        "there twice"
        for topic, last, highest, _, _ in required(connection.execute(_SEQS), "tiiii")
    ]
    return tuple(found), problems


def _odd(connection: sqlite3.Connection) -> Iterator[str]:
    for table, seconds in (("register_minute", 60), ("register_quarter_hour", _QUARTER_SECONDS)):
        sql = _ODD_REGISTERS.format(table=table, seconds=seconds)
        (count,) = connection.execute(sql).fetchone()
        if count:
            yield f"{count} rows of {table} begin at no full one, or hold less than nothing"
    (count,) = connection.execute(_ODD_GAPS).fetchone()
    if count:
        yield f"{count} gaps end before they begin"


def _minutes(connection: sqlite3.Connection, names: dict[int, str]) -> tuple[list[str], list[str]]:
    """Quarter-hours whose minutes say something else: problems, and what may be right.

    Minutes are given up, with their time, when a disk fails for days; the quarter-hours are not.
    """
    (first_s,) = connection.execute(_FIRST_WHOLE).fetchone()
    problems, given_up = [], 0
    rows = required(connection.execute(_MINUTES, {"first_s": first_s}), "iiiiii")
    for quarter_s, number, *more, elapsed_ns in rows:
        if max(more) <= 0 and elapsed_ns < 0:
            given_up += 1
            continue
        problems.append(
            f"{names.get(number, f'account {number}')}: the minutes of the quarter-hour at "
            f"{quarter_s} (UTC seconds) hold {sum(more):+d} mJ against its register"
        )
    notes = []
    if given_up:
        notes.append(
            f"{given_up} quarter-hours lack minutes, which are given up when a disk fails for long"
        )
    return problems, notes

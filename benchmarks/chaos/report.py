"""The outcome as tables for people, in Markdown."""

from collections.abc import Iterator
from typing import Final

from benchmarks.chaos.books import Books
from benchmarks.chaos.plan import Kind
from benchmarks.chaos.run import Outcome

_TRUTH_HEAD: Final = (
    "| GPU | counter resets | true energy, J | counter's steps, J | ledger, J | of it integrated |"
    " estimated | ledger less truth, J | allowed, J |"
)
_RECEIVERS_HEAD: Final = (
    "| GPU | registers less total, mJ | VictoriaMetrics less ledger, mJ | rows | MQTT less ledger,"
    " mJ | rows | Prometheus less ledger, J | it can have missed, J |"
)


def report(outcome: Outcome) -> str:
    """Faults by kind, the books of each GPU, and what does not balance."""
    wrong = outcome.wrong()
    return "\n".join(
        (
            "| fault | times |",
            "|---|---:|",
            *(f"| {kind} | {outcome.faults[kind]} |" for kind in Kind),
            f"| all, in {outcome.seconds / 60:.1f} minutes | {outcome.faults.total()} |",
            "",
            _TRUTH_HEAD,
            "|---:|---:|---:|---:|---:|---:|---:|---:|---|",
            *(_truth(books) for books in outcome.books),
            "",
            _RECEIVERS_HEAD,
            "|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(_receivers(books) for books in outcome.books),
            "",
            *_words(outcome),
            "",
            "The books balance." if not wrong else "The books do NOT balance:",
            *(f"- {words}" for words in wrong),
        )
    )


def _truth(books: Books) -> str:
    exact = ", to the mJ" if books.counted_exactly and not books.resets else ""
    low, high = -books.high_mj - books.allowed_mj, books.low_mj + books.allowed_mj
    cells = (
        str(books.gpu),
        str(books.resets),
        _joules(books.used_mj),
        _joules(books.counted_mj) + exact,
        _joules(books.ledger.total_mj),
        _joules(books.ledger.integrated_mj),
        _joules(books.ledger.estimated_mj),
        f"{(books.ledger.total_mj - books.used_mj) / 1000:+.3f}",
        f"{low / 1000:+.0f} to {high / 1000:+.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _receivers(books: Books) -> str:
    total_mj = books.ledger.total_mj
    registers = (books.minutes.total_mj - total_mj, books.quarter_hours.total_mj - total_mj)
    cells = (
        str(books.gpu),
        " and ".join(map(str, registers)),
        str(books.store.total_mj - total_mj),
        f"{books.store.rows:,}",
        str(books.mqtt.total_mj - total_mj),
        f"{books.mqtt.rows:,}",
        f"{-books.missed_mj / 1000:.3f}",
        f"{books.unseen_mj / 1000:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _words(outcome: Outcome) -> Iterator[str]:
    ends = ", ".join(f"{times} x {code}" for code, times in sorted(outcome.ends.items()))
    yield f"The daemon ended {outcome.ends.total()} times (by exit code: {ends})."
    yield f"MQTT messages that came twice, by topic and `seq`: {outcome.doubles:,}."
    for name, (dropped, refused) in outcome.lanes.items():
        yield f"Rows for {name} given up: {dropped}, refused: {refused}."


def _joules(millijoules: int) -> str:
    return f"{millijoules / 1000:,.3f}"

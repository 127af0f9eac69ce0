"""Our bill beside the real one."""

from decimal import Decimal
from pathlib import Path

import pytest

from exporters.utility.intervals.errors import IntervalError
from exporters.utility.reconcile.bill import compare_bill
from exporters.utility.reconcile.document import reconciliation_document, reconciliation_text
from exporters.utility.reconcile.values import BillComparison, Reconciliation
from tests.utility.tariff.support import B2, flat, make_bill, month, seen

BILL = make_bill(B2, month("2027-11"), flat(month("2027-11"), 36_000))


def compared(tmp_path: Path, *rows: str, encoding: str = "utf-8") -> BillComparison:
    path = tmp_path / "bill.csv"
    path.write_text("\n".join(rows) + "\n", encoding=encoding)
    return compare_bill([BILL], path)


def test_by_our_ids(tmp_path: Path) -> None:
    rows = [f"{line.id},{line.amount}" for line in BILL.lines]
    found = compared(tmp_path, "id,amount", *rows, f"total,{BILL.total}")
    assert {line.text for line in found.lines} == {"the same"}
    assert {line.difference for line in found.lines} == {0}
    assert found.lines[-1].id == "total"


def test_by_kepcos_names(tmp_path: Path) -> None:
    energy = sum(line.amount for line in BILL.lines if line.id.startswith("energy_"))
    found = compared(
        tmp_path,
        "항목,금액",
        f"청구금액,{BILL.total}",
        '기본요금,"280,440,000"',
        f"전력량요금,{energy}원",
        f"전기요금계,{BILL.before_levies}",
        "부가가치세,1",
        "TV수신료,2500",
        encoding="cp949",
    )
    by = {line.id: line for line in found.lines}
    assert by["전력량요금 (energy_off_peak, energy_mid, energy_peak)"].text == "the same"
    assert by["전기요금계 (before_levies)"].difference == 0
    base = by["기본요금 (base)"]
    assert seen(base.ours, base.theirs, base.line) == (265_680_000, 280_440_000, 3)
    assert "14,760,000 less than theirs (-5.26%)" in base.text
    assert "theirs is 38,000 kW at our rate of 7,380, ours 36,000" in base.text
    assert by["TV수신료"].text == "we have no such line"
    assert by["fund"].text == "their file has no such line"
    assert by["fund"].theirs is None
    assert found.lines[-1].id == "청구금액 (total)"
    # What is ours and theirs lacks, what is theirs and ours lacks: every line is there once.
    assert by["adder"].ours == Decimal(362_880_000)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["name,won", "base,1"], "line 1: the header must be id,amount"),
        (["id,amount", "base,much"], "line 2: 'much' is no number"),
        (["id,amount", "base,1", "기본요금,1"], "line 3: '기본요금' stands in line 2 already"),
    ],
)
def test_a_wrong_file(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(IntervalError, match=message):
        compared(tmp_path, *rows)


def test_as_a_table(tmp_path: Path) -> None:
    bill = compared(tmp_path, "id,amount", "base,1", f"total,{BILL.total}")
    text = reconciliation_text(reconciliation_document(Reconciliation(bill=bill)))
    assert "bill beside bill.csv (KRW)" in text
    assert "265,680,000" in text
    assert reconciliation_text(reconciliation_document(Reconciliation())) == ""

"""`docs/reports.md` tells the rules and forms that there are."""

from pathlib import Path

from exporters.utility.formats.names import FORMS
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.rules import RULES
from exporters.utility.reconcile.bill import _KOREAN
from exporters.utility.reconcile.values import Cause

TEXT = (Path(__file__).parents[2] / "docs/reports.md").read_text(encoding="utf-8")


def test_every_rule_is_told_in_its_own_words() -> None:
    for rule in RULES:
        assert f"| `{rule.id}` | {rule.what} | {rule.then} |" in TEXT
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_every_form_code_and_cause_is_told() -> None:
    for form, name in FORMS.items():
        assert f"| `{form}` | `{name}` |" in TEXT
    for code in Quality:
        assert code is Quality.MISSING or f"| {code.value} | `{code.name.lower()}` |" in TEXT
    for cause in Cause:
        assert f"`{cause.value}`" in TEXT
    assert all(name in TEXT for name in ("기본요금", "청구금액") if name in _KOREAN)

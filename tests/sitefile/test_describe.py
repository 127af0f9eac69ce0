"""A site in a few lines."""

from pathlib import Path

from collector.sitefile import describe, load
from tests.sitefile.texts import TREE, loaded

ROOT = Path(__file__).parents[2]


def test_the_accelerator_centre() -> None:
    site = load(ROOT / "deploy/sites/accelerator-centre.toml")
    assert describe(site) == (
        "site           accelerator-centre, Asia/Seoul\n"
        "contract       grid 1.3 MW\n"
        "demand target  1.268 MW in a 15-minute interval\n"
        "tariff         none: nothing is priced\n"
        "feed           1, no rating\n"
        "substation     2, limit 1.32 MW each\n"
        "switchboard    4, limit 80 kW to 1.12 MW each\n"
        "ups            4, limit 560 kW each\n"
        "busway         4, limit 528 kW each\n"
        "racks          8 in 1 hall, 2 rows\n"
        "rack limits    1.056 MW together\n"
        "rack budgets   960 kW together\n"
        "GPUs           576\n"
        "nodes          144\n"
        "meters         15: cooling 2, it 4, other 8, utility 1\n"
        "people         teams 1, receivers 2, tenants 0\n"
        "warnings       0\n"
    )


def test_what_is_not_stated_is_not_added_up_in_silence(tmp_path: Path) -> None:
    text = TREE + '[[rack]]\nid = "r2"\nbranches = ["ups-a", "ups-b"]\ngpus = 8\n'
    text += '[[branch]]\nid = "ups-c"\nlevel = "ups"\nparent = "grid"\n'
    shown = describe(loaded(tmp_path, text))
    assert "rack limits   132 kW together (stated for 1 of 2 racks)\n" in shown
    assert "rack budgets  none\n" in shown
    assert "GPUs          8 (stated for 1 of 2 racks)\n" in shown
    assert "ups           3, limit 1 MW each, 1 without a rating\n" in shown

"""`docs/site-file.md`: its examples load, and it has every key."""

import re
import tomllib
from pathlib import Path

from collector.docs.sitefile import MINIMAL, site_file_page
from collector.sitefile.schema import ARRAYS, RANGES, TABLES
from collector.sitefile.wording import known_keys
from tests.sitefile.texts import SITE, loaded

ROOT = Path(__file__).parents[2]


def test_the_minimal_example_loads_without_a_warning(tmp_path: Path) -> None:
    site = loaded(tmp_path, MINIMAL)
    assert site.warnings == ()
    assert list(site.nodes)[-1] == "r1-n18"
    assert site.branches["busway-b"].limit_watts == 320e3


def test_every_example_of_the_page_is_toml_that_is_understood(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", site_file_page(), re.DOTALL)
    assert len(examples) == 2
    assert examples[0] == MINIMAL
    (rack_range,) = tomllib.loads(examples[1])["rack_range"]
    busways = """
[[branch]]
id = "grid"
level = "feed"
[[branch_range]]
id = "h{hall}r{row:02}-busway-{side}"
count = { hall = 2, row = 14, side = ["a", "b"] }
level = "busway"
parent = "grid"
redundancy_group = "h{hall}r{row:02}"
"""
    site = loaded(tmp_path, SITE + busways + examples[1])
    assert list(site.racks)[:2] == ["h1r01k01", "h1r01k02"]
    assert list(site.racks)[-1] == "h2r14k20"
    assert len(site.racks) == 2 * 14 * 20
    assert site.racks["h1r01k01"].hall == rack_range["hall"].format(hall=1)
    assert site.warnings == ()


def test_every_table_and_key_is_there() -> None:
    page = site_file_page()
    for name, model in {**TABLES, **ARRAYS}.items():
        header = f"`[[{name}]]`" if name in ARRAYS else f"`[{name}]`"
        section = page.partition(f"\n### {header}")[2].partition("\n### ")[0]
        for key in known_keys(model):
            assert f"| `{key}` |" in section, (name, key)
    assert all(f"`[[{name}]]`" in page for name in RANGES)


def test_the_page_in_the_tree_is_up_to_date() -> None:
    page = (ROOT / "docs/site-file.md").read_text(encoding="utf-8")
    assert page == site_file_page(), "run scripts/generate"

"""How many series each rule reads, over a simulated site.

python -m benchmarks.rule_reads [--site FILE] [--nodes 5000] [--rules]

A selector costs a Prometheus about 10 us for each series that it finds, whatever is then done with
them: what a rule reads is what it costs, on any machine. Nothing is run here. One simulated node's
scrape is multiplied by the nodes; of a recorded series there is one for each node, rack, row, hall
or site, as its name says, and each value of its other labels. All is well on that node, so what is
only there when something is wrong counts 0.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from alerts.reading import Rule, alerts, recordings
from benchmarks.fleet import Fleet
from benchmarks.fleet.exposition import Exposition
from benchmarks.fleet.node_values import NodeTruth
from benchmarks.fleet.site_side import SiteSide
from benchmarks.fleet.targets import place
from benchmarks.selectors import Selector, grouping, selectors
from collector.sitefile.load import load
from tests.e2e.daemon import parse_metrics

_SITE = Path(__file__).resolve().parents[1] / "deploy/sites/computing-centre-phase-1.toml"
_LEVELS = ("site", "hall", "row", "rack", "node")
_AGE_SECONDS = 3_600.0
_METERS_SECONDS = 60.0
_SHOWN = 30
Series = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Family:
    """The series of one name, in one of the places where there are such.

    Attributes:
        series: their labels.
        places: how many such places there are.
    """

    series: tuple[Series, ...]
    places: int


class Reads:
    """What selectors find, over a site where all is well.

    Args:
        fleet: its nodes.
        rules: the recordings that there are.
    """

    def __init__(self, fleet: Fleet, rules: Iterable[Rule]) -> None:
        self._rules = {rule.name: rule for rule in rules}
        self._known: dict[str, tuple[Family, ...]] = {}
        nodes = [machine.node for machine in fleet.machines.values()]
        where = [place(fleet.site, node) for node in nodes]
        self.places = {
            level: len({tuple(one.get(name, "") for name in _LEVELS[:depth]) for one in where})
            for depth, level in enumerate(_LEVELS, start=1)
        }
        at_s = fleet.origin_s + _AGE_SECONDS
        shown = NodeTruth(fleet).show(nodes[0].name, at_s)
        meters = SiteSide(fleet, at_s - _METERS_SECONDS)
        meters.advance(at_s)
        target = {"job": "wattkeeper-node", "instance": nodes[0].address, **where[0]}
        self._scraped(Exposition().write(shown, fleet.origin_s), target, len(nodes))
        target = {"job": "wattkeeper-site", "instance": "site", "site": fleet.site.name}
        self._scraped(meters.exposition(at_s), target, 1)

    def _scraped(self, page: bytes, target: Series, places: int) -> None:
        for name, series in parse_metrics(f"{page.decode()}\nup 1\n").items():
            found = Family(tuple({**dict(labels), **target} for labels in series), places)
            self._known[name] = (*self._known.get(name, ()), found)

    def of(self, selector: Selector) -> int:
        """How many series a selector finds."""
        return sum(len(one.series) * one.places for one in self._selected(selector))

    def by_metric(self, expression: str) -> Counter[str]:
        """How many series an expression reads, by metric; as often as it reads them."""
        found: Counter[str] = Counter()
        for selector in selectors(expression):
            found[selector.name] += self.of(selector)
        return found

    def _selected(self, selector: Selector) -> Sequence[Family]:
        families = self._known.get(selector.name)
        if families is None:
            self._known[selector.name] = ()  # while it is found out: one may read itself
            families = self._known[selector.name] = self._recorded(selector.name)
        return [
            Family(tuple(one for one in family.series if selector.takes(one)), family.places)
            for family in families
        ]

    def _recorded(self, name: str) -> tuple[Family, ...]:
        rule = self._rules.get(name)
        if rule is None:
            return ()
        level, _, operation = name.split(":")
        if level == "setting":
            return (Family(({},), 1),)
        if level != "gpu" and operation == "active":
            return ()  # a comparison: nothing while all is well
        kept = grouping(rule.expression)
        # Of what is joined, the first that there is has the labels; of a GPU's troubles only the
        # first would, for what follows is what they are compared with.
        read = islice(selectors(rule.expression), 1 if level == "gpu" else None)
        for families in map(self._selected, read):
            found = [one for one in families if one.series]
            if found:
                of_all = [one for family in found for one in family.series]
                if level in _LEVELS:  # the site daemon's have no rack
                    of_all = [one for one in of_all if level in one]
                series = {_kept(one, kept): None for one in of_all}
                places = self.places.get(level, found[0].places)
                return (Family(tuple(dict(one) for one in series), places),)
        return ()


def _kept(labels: Series, names: tuple[str, ...] | None) -> tuple[tuple[str, str], ...]:
    return tuple((k, v) for k, v in labels.items() if names is None or k in names)


def _row(rule: Rule, read: Counter[str]) -> str:
    of = ", ".join(f"{name} {count:,}" for name, count in read.most_common(4) if count)
    return f"| {rule.group} | {rule.name} | {read.total():,} | {of} |"


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rule_reads", description=__doc__)
    parser.add_argument("--site", type=Path, default=_SITE)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--rules", action="store_true", help="every rule, not only the dearest")
    asked = parser.parse_args()
    reads = Reads(Fleet(load(asked.site), nodes=asked.nodes), recordings())
    found = [(rule, reads.by_metric(rule.expression)) for rule in (*recordings(), *alerts())]
    found.sort(key=lambda one: -one[1].total())
    print("| group | rule | series | most of them |", "|---|---|---:|---|", sep="\n")
    print("\n".join(_row(*one) for one in found[: None if asked.rules else _SHOWN]))
    metrics: Counter[str] = Counter()
    for _, read in found:
        metrics.update(read)
    print("\n| metric | series in all rules |", "|---|---:|", sep="\n")
    print("\n".join(f"| {name} | {count:,} |" for name, count in metrics.most_common(_SHOWN)))
    print(f"\nAll rules once: {metrics.total():,} series.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The demo as a site file: what `wattkeeper demo` shows, and this machine's node."""

from dataclasses import replace

from collector.sitefile import load
from tests.packaging.manifests import ROOT

EXAMPLE = ROOT / "deploy/examples/demo-site.toml"
DEMO = ROOT / "collector/sources/simulated/demo-site.toml"


def test_it_is_the_demos_site_with_a_node() -> None:
    example, demo = load(EXAMPLE), load(DEMO)
    assert example.warnings == ()
    assert example.branches.keys() == demo.branches.keys()
    assert example.meters == demo.meters
    # How many GPUs are in a rack is this machine's matter here.
    assert {rack: replace(one, gpus=None) for rack, one in demo.racks.items()} == example.racks
    (node,) = example.nodes.values()
    assert node.address == "localhost:9410"


def test_so_is_that_of_the_compose_file() -> None:
    compose, demo = load(ROOT / "deploy/compose/site.toml"), load(DEMO)
    assert compose.meters == demo.meters
    assert compose.branches.keys() == demo.branches.keys()
    assert set(compose.nodes) == {"node-1", "node-2"}

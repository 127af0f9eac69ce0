"""A site of three halls for the layouts, with a webhook for every severity."""

from pathlib import Path

from collector.sitefile import load
from collector.sitefile.model import Site

SITE = "s3"
_TEXT = """
[site]
name = "s3"
zone = "Asia/Seoul"
runbook_url = "https://runbooks.example/wk/"

[grafana]
url = "https://grafana.example/"

[[branch]]
id = "grid"
level = "feed"
contract_watts = "2 MW"
rating_watts = "2 MW"

[[rack_range]]
id = "h1k{{rack}}"
count = {{ rack = 5 }}
hall = "h1"
row = "r1"
branches = ["grid"]
limit_watts = "132 kW"

[[rack_range]]
id = "h2k{{rack}}"
count = {{ rack = 4 }}
hall = "h2"
row = "r1"
branches = ["grid"]
limit_watts = "132 kW"

[[rack_range]]
id = "h3k{{rack}}"
count = {{ rack = 1 }}
hall = "h3"
row = "r1"
branches = ["grid"]
limit_watts = "132 kW"

[[node_range]]
name = "h1k{{rack}}n{{node}}"
count = {{ rack = 5, node = {nodes} }}
rack = "h1k{{rack}}"

[[node_range]]
name = "h2k{{rack}}n{{node}}"
count = {{ rack = 4, node = {nodes} }}
rack = "h2k{{rack}}"

[[node_range]]
name = "h3k{{rack}}n{{node}}"
count = {{ rack = 1, node = {nodes} }}
rack = "h3k{{rack}}"

[[meter]]
id = "border"
branch = "grid"
role = "utility"
register = true

[[meter_range]]
id = "h1k{{rack}}-power"
count = {{ rack = 5 }}
branch = "h1k{{rack}}"

[[receiver]]
name = "queue"
kind = "webhook"
url = "{webhook}"

[[team]]
name = "energy"
receivers = {{ page = ["queue"], ticket = ["queue"], info = ["queue"] }}
"""


def three_halls(
    folder: Path, *, nodes: int = 6, webhook: str = "http://tickets.example/hook"
) -> tuple[Site, Path]:
    """The site, read from a file in a folder: halls of 5, 4 and 1 racks.

    Args:
        folder: where the file goes.
        nodes: in each rack.
        webhook: where alerts go.
    """
    path = folder / "site.toml"
    path.write_text(_TEXT.format(nodes=nodes, webhook=webhook), encoding="utf-8")
    return load(path), path

"""A small site with everything that routes depend on."""

from pathlib import Path

from collector.sitefile import load
from collector.sitefile.model import Site

TEXT = """
[site]
name = "s1"
zone = "Asia/Seoul"
runbook_url = "https://runbooks.example/wk/"

[grafana]
url = "https://grafana.example/"

[[branch]]
id = "grid"
level = "feed"
contract_watts = "500 kW"

[[rack_range]]
id = "k{rack}"
count = { rack = 2 }
hall = "h1"
row = "r1"
branches = ["grid"]

[[rack]]
id = "k.9"
hall = "h2"
branches = ["grid"]

[[rack]]
id = "k0"
branches = ["grid"]

[[node]]
name = "n1"
rack = "k1"
address = "n1.example"

[[node]]
name = "n9"
rack = "k.9"
address = "[fd00::9]:9500"

[[node]]
name = "n0"
rack = "k0"
address = "[fd00::1]"

[[receiver]]
name = "pager"
kind = "pagerduty"
secret_file = "secrets/pager.key"

[[receiver]]
name = "chat"
kind = "slack"
secret_file = "/etc/wattkeeper/slack.url"
to = "#power"

[[receiver]]
name = "mail"
kind = "email"
to = "power@example.invalid"

[[receiver]]
name = "queue"
kind = "webhook"
url = "http://tickets.example/hook"

[[receiver]]
name = "genie"
kind = "opsgenie"
secret_file = "secrets/genie.key"

[[receiver]]
name = "deadman"
kind = "webhook"
url = "http://switch.example/ping"

[[team]]
name = "hall-1"
halls = ["h1"]
receivers = { page = ["pager", "chat"], ticket = ["queue"] }

[[team]]
name = "rack-9"
racks = ["k.9"]
receivers = { page = ["genie"], info = ["mail"] }

[[team]]
name = "energy"
receivers = { page = ["pager"], ticket = ["mail"], info = ["chat"] }
"""


def small(folder: Path, extra: str = "") -> tuple[Site, Path]:
    """The site, read from a file in a folder."""
    path = folder / "site.toml"
    path.write_text(TEXT + extra)
    return load(path), path

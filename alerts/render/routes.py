"""Who gets which alert: routes by place and severity, and the receivers that they name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alerts.render.receivers import SEVERITIES, receiver
from alerts.render.text import Value
from collector.sitefile.model import Receiver, Site, Team

DEADMAN = "deadman"
"""The receiver of this name in the site file is the dead man's switch, and nobody's."""

_TIMING: Mapping[str, Mapping[str, Value]] = {
    "page": {
        "group_by": ["site", "rack", "about"],
        "group_wait": "5s",
        "group_interval": "30s",
        "repeat_interval": "1h",
        # What strikes many racks at a time is one page: heat by hall, power brakes by site.
        "routes": [
            {"matchers": ['about="heat"'], "group_by": ["site", "hall", "about"]},
            {"matchers": ['about="brake"'], "group_by": ["site", "about"]},
        ],
    },
    "ticket": {
        "group_wait": "5s",
        "group_interval": "5m",
        "repeat_interval": "1d",
        "mute_time_intervals": ["maintenance"],
    },
    "info": {
        "group_wait": "5m",
        "group_interval": "1h",
        "repeat_interval": "5d",
        "mute_time_intervals": ["maintenance"],
    },
}
_SITE = "site"


@dataclass(frozen=True, slots=True)
class Routing:
    """Routes and receivers, ready to be written.

    Attributes:
        routes: Alertmanager's routes, in order.
        receivers: all that the routes name.
        unheard: severities that nobody gets where no team has the place.
    """

    routes: tuple[Value, ...]
    receivers: tuple[Value, ...]
    unheard: tuple[str, ...]


def routing(site: Site, folder: Path) -> Routing:
    """Make a site's routes.

    A team gets what happens in its halls and racks, several teams may get the same. What belongs
    to no team's place (the site itself, its feeds) goes to the teams without any place, and where
    there is none, to all teams.

    Args:
        site: with teams and receivers.
        folder: where the site file is; its secret files are relative to that.
    """
    placed = [team for team in site.teams if team.halls or team.racks]
    general = [team for team in site.teams if team not in placed] or list(site.teams)
    routes: list[Value] = []
    receivers: list[Value] = []
    for team in placed:
        routes += _team_routes(site, team)
        receivers += _by_severity(f"team-{team.name}", site, [team], folder)
    routes.append(_rest(site, placed))
    receivers += _by_severity(_SITE, site, general, folder)
    everyone = [held for name, held in site.receivers.items() if name != DEADMAN]
    receivers.append(receiver("everyone", everyone, "page", folder))
    receivers.append(_deadman(site, folder))
    unheard = tuple(each for each in SEVERITIES if not _members(site, general, each))
    return Routing(tuple(routes), tuple(receivers), unheard)


def _team_routes(site: Site, team: Team) -> list[Value]:
    """By hall; by rack where the alert does not know its hall; by the racks named."""
    in_halls = [rack.id for rack in site.racks.values() if rack.hall in team.halls]
    named = [rack for rack in team.racks if rack not in in_halls]
    places = []
    if team.halls:
        places.append([f"hall=~{_any(team.halls)}"])
    if in_halls:
        places.append(['hall=""', f"rack=~{_any(in_halls)}"])
    if named:
        places.append([f"rack=~{_any(named)}"])
    return [
        {
            "matchers": place,
            "receiver": "nobody",
            "continue": True,
            "routes": _severities(f"team-{team.name}"),
        }
        for place in places
    ]


def _rest(site: Site, placed: Iterable[Team]) -> Value:
    """What belongs to no team's place."""
    halls = sorted({hall for team in placed for hall in team.halls})
    racks = sorted(
        {rack for team in placed for rack in team.racks}
        | {rack.id for rack in site.racks.values() if rack.hall in halls}
    )
    matchers = [f"hall!~{_any(halls)}"] if halls else []
    matchers += [f"rack!~{_any(racks)}"] if racks else []
    matched = {"matchers": matchers} if matchers else {}
    return {**matched, "receiver": "nobody", "routes": _severities(_SITE)}


def _severities(who: str) -> list[Value]:
    return [
        {
            "matchers": [f'severity="{severity}"'],
            "receiver": f"{who}-{severity}",
            **_TIMING[severity],
        }
        for severity in SEVERITIES
    ]


def _by_severity(who: str, site: Site, teams: Iterable[Team], folder: Path) -> list[Value]:
    teams = list(teams)
    return [
        receiver(f"{who}-{severity}", _members(site, teams, severity), severity, folder)
        for severity in SEVERITIES
    ]


def _members(site: Site, teams: Iterable[Team], severity: str) -> list[Receiver]:
    names = [name for team in teams for name in team.receivers.get(severity, ())]
    return [site.receivers[name] for name in dict.fromkeys(names)]


def _deadman(site: Site, folder: Path) -> Value:
    switch = site.receivers.get(DEADMAN)
    return receiver(DEADMAN, [switch] if switch else [], "info", folder)


def _any(names: Iterable[str]) -> str:
    """A pattern, in quotes, that matches one of these names as a whole. Names may hold dots."""
    return '"' + "|".join(name.replace(".", "[.]") for name in names) + '"'

"""What a site file does not say: where the programs themselves are, and how many."""

from dataclasses import dataclass
from enum import StrEnum


class OptionsError(ValueError):
    """Options do not fit each other. The text says which and what to do."""


class Layout(StrEnum):
    """How many servers share the work. docs/scale.md tells when to take which."""

    SINGLE = "single"
    """One Prometheus."""
    PAIR = "pair"
    """Two alike, that scrape everything twice; Alertmanagers in a cluster."""
    SHARDS = "shards"
    """A Prometheus, or two, for each hall, and one above them that takes sums alone."""
    VMAGENT = "vmagent"
    """vmagents share the targets and write to VictoriaMetrics; vmalert evaluates the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Addresses are HOST:PORT.

    Attributes:
        site_daemons: one, or two that watch the same site.
        alertmanagers: all of a cluster.
        prometheus: its own address, as it reads itself; of shards, the one above them.
        twin: the second Prometheus of a pair; empty where there is one.
        smtp: the mail server that takes mail from Alertmanager.
        mail_from: the sender of mail; made from the site's name when empty.
        maintenance: YAML, a list of Alertmanager's time intervals in which tickets wait.
        layout: how many servers there are.
        shard_address: of a shard's Prometheus, with `{shard}` for its name; with `{replica}` for
            `a` or `b` each shard is a pair.
        shard_nodes: whole halls share a shard up to so many nodes, and a larger hall is divided;
            None for one shard a hall.
        remote_write: URLs that long-term storage takes samples at.
        http_sd: the URL under which the folder is served, for targets over HTTP; empty for files.
        vmagents, vmalerts: all of them, for `VMAGENT`.
        old_vmalert: whether vmalert is older than 1.92, which refuses `keep_firing_for`.
    """

    site_daemons: tuple[str, ...] = ("localhost:9411",)
    alertmanagers: tuple[str, ...] = ("localhost:9093",)
    prometheus: str = "localhost:9090"
    twin: str = ""
    smtp: str = "localhost:25"
    mail_from: str = ""
    maintenance: str = ""
    layout: Layout = Layout.SINGLE
    shard_address: str = "prometheus-{shard}:9090"
    shard_nodes: int | None = None
    remote_write: tuple[str, ...] = ()
    http_sd: str = ""
    vmagents: tuple[str, ...] = ("localhost:8429",)
    vmalerts: tuple[str, ...] = ("localhost:8880",)
    old_vmalert: bool = False

    @property
    def servers(self) -> tuple[str, ...]:
        """The Prometheus, or the two of a pair."""
        return (self.prometheus, self.twin) if self.twin else (self.prometheus,)

    def check(self) -> None:
        """See whether these options fit each other.

        Raises:
            OptionsError: they do not.
        """
        if self.layout is Layout.PAIR and not self.twin:
            raise OptionsError(
                "--layout pair is two Prometheus that watch each other: "
                "give --prometheus twice, HOST:PORT of each"
            )
        if self.layout in {Layout.SINGLE, Layout.VMAGENT} and self.twin:
            raise OptionsError(
                f"--layout {self.layout} has no second Prometheus: give --prometheus once, "
                "or take --layout pair"
            )
        if self.layout is Layout.VMAGENT and not self.remote_write:
            raise OptionsError(
                "--layout vmagent needs --remote-write, where VictoriaMetrics takes samples, "
                "such as http://victoria:8428/api/v1/write"
            )
        if self.layout is Layout.SHARDS and "{shard}" not in self.shard_address:
            raise OptionsError(
                f"--shard-address {self.shard_address!r} is the same for every shard: "
                "put {shard} where the shard's name goes"
            )

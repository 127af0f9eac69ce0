"""What a site file does not say: where the programs themselves are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Addresses are HOST:PORT.

    Attributes:
        site_daemons: one, or two that watch the same site.
        alertmanagers: all of a cluster.
        prometheus: its own address, as it reads itself.
        smtp: the mail server that takes mail from Alertmanager.
        mail_from: the sender of mail; made from the site's name when empty.
        maintenance: YAML, a list of Alertmanager's time intervals in which tickets wait.
    """

    site_daemons: tuple[str, ...] = ("localhost:9411",)
    alertmanagers: tuple[str, ...] = ("localhost:9093",)
    prometheus: str = "localhost:9090"
    smtp: str = "localhost:25"
    mail_from: str = ""
    maintenance: str = ""

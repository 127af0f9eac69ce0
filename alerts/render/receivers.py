"""A receiver of the site file as Alertmanager's configuration. Secrets are named by file."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from alerts.render.text import Value
from collector.sitefile.model import Receiver

SEVERITIES = ("page", "ticket", "info")
_PAGERDUTY = {"page": "critical", "ticket": "warning", "info": "info"}
_OPSGENIE = {"page": "P1", "ticket": "P3", "info": "P5"}
_TITLE = '{{ template "wattkeeper.title" . }}'
_TEXT = '{{ template "wattkeeper.text" . }}'
_RUNBOOK = '{{ template "wattkeeper.runbook" . }}'
_DASHBOARD = '{{ template "wattkeeper.dashboard" . }}'
_MOST_ALERTS = 100
"""In one message to a webhook; it says how many were left out."""


def receiver(name: str, members: Iterable[Receiver], severity: str, folder: Path) -> Value:
    """One of Alertmanager's receivers, which delivers to several of the site file's.

    Args:
        name: what routes call it.
        members: whom it delivers to; each once, in order.
        severity: `page`, `ticket` or `info`.
        folder: what relative paths of secret files are relative to.
    """
    configs: dict[str, list[Value]] = {}
    for member in dict.fromkeys(members):
        key, config = _config(member, severity, folder)
        configs.setdefault(key, []).append(config)
    return {"name": name, **configs}


def _config(member: Receiver, severity: str, folder: Path) -> tuple[str, Mapping[str, Value]]:
    secret = str((folder / member.secret_file).resolve()) if member.secret_file else ""
    send_resolved = severity != "info"
    match member.kind:
        case "pagerduty":
            return "pagerduty_configs", {
                "routing_key_file": secret,
                **({"url": member.url} if member.url else {}),
                "send_resolved": True,
                "severity": _PAGERDUTY[severity],
                "description": _TITLE,
                "client": "wattkeeper",
                "client_url": _DASHBOARD,
                "details": {"text": _TEXT, "runbook": _RUNBOOK, "dashboard": _DASHBOARD},
            }
        case "slack":
            return "slack_configs", {
                "api_url_file": secret,
                "send_resolved": send_resolved,
                **({"channel": member.to} if member.to else {}),
                "title": _TITLE,
                "title_link": _DASHBOARD,
                "text": _TEXT,
            }
        case "email":
            return "email_configs", {
                "to": member.to,
                "send_resolved": send_resolved,
                "headers": {"Subject": _TITLE},
                "html": "",
                "text": _TEXT,
            }
        case "teams":
            return "msteamsv2_configs", {
                "webhook_url_file": secret,
                "send_resolved": send_resolved,
                "title": _TITLE,
                "text": _TEXT,
            }
        case "opsgenie":
            return "opsgenie_configs", {
                "api_key_file": secret,
                "send_resolved": True,
                "message": _TITLE,
                "description": _TEXT,
                "priority": _OPSGENIE[severity],
            }
        case _:
            address = {"url_file": secret} if secret else {"url": member.url}
            return "webhook_configs", {
                **address,
                "send_resolved": send_resolved,
                "max_alerts": _MOST_ALERTS,
            }


def needs(member: Receiver) -> str:
    """What a receiver asks of Alertmanager or of its owner, as a sentence; empty for nothing."""
    if member.kind == "teams":
        return f'receiver "{member.name}": Microsoft Teams needs Alertmanager 0.28 or newer'
    if member.kind == "webhook" and member.secret_file:
        return (
            f'receiver "{member.name}": a webhook by secret_file needs Alertmanager 0.26 or newer'
        )
    if member.kind == "opsgenie":
        return f'receiver "{member.name}": Opsgenie ends in April 2027; move to another'
    return ""

"""`docs/alerts.md` names every alert."""

from alerts.reading import alerts
from collector.docs.alerts import alerts_page
from collector.docs.files import FILES


def test_every_alert_is_in_the_page_once() -> None:
    page = alerts_page(alerts())
    for alert in alerts():
        assert page.count(f"[`{alert.name}`](../alerts/runbooks/{alert.name}.md)") == 1


def test_the_page_is_generated_and_checked() -> None:
    assert FILES["docs/alerts.md"]() == alerts_page(alerts())

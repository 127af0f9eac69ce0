"""Prometheus and Alertmanager themselves: the last open row of the telemetry dashboard."""

from dashboards.parts import colours, units
from dashboards.parts.board import Row
from dashboards.parts.panel import Lines, Meaning, Stat
from dashboards.parts.queries import Query, one, top

SERVERS = Row(
    "Prometheus and Alertmanager themselves",
    (
        Lines(
            title="Series in memory",
            says="What Prometheus keeps; about 3 kB of memory each.",
            queries=one("prometheus_tsdb_head_series", "{{instance}}"),
            unit=units.COUNT,
            width=6,
        ),
        Lines(
            title="Rule groups against their interval",
            says="Time that the last evaluation took, as a share of its interval; the 8 highest at "
            "the end of the range. Above 100 % rules are skipped.",
            queries=one(
                """
                label_replace(
                  prometheus_rule_group_last_duration_seconds
                    / prometheus_rule_group_interval_seconds
                  and
                  topk(8,
                    prometheus_rule_group_last_duration_seconds @ end()
                      / prometheus_rule_group_interval_seconds @ end()
                  ),
                  "group", "$2", "rule_group", ".*;(wattkeeper-)?(.*)"
                )
                """,
                "{{group}}",
            ),
            unit=units.RATIO,
            width=6,
        ),
        Lines(
            title="Rules and scrapes that fail",
            says="Rule evaluations that failed and scrapes over their sample limit, a second.",
            queries=(
                Query(
                    "sum by (instance)"
                    " (rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))",
                    "{{instance}} rules",
                ),
                Query(
                    "sum by (instance) (rate("
                    "prometheus_target_scrapes_exceeded_sample_limit_total[$__rate_interval]))",
                    "{{instance}} sample limit",
                ),
            ),
            unit=units.PER_SECOND,
            width=6,
        ),
        Lines(
            title="Longest scrapes",
            says="The 4 longest at the end of the range.",
            queries=one(top(4, "scrape_duration_seconds{@site}"), "{{instance}}"),
            width=6,
        ),
        Stat(
            title="Alertmanagers found",
            says="By Prometheus. None: no page goes out.",
            queries=one("prometheus_notifications_alertmanagers_discovered", "{{instance}}"),
            unit=units.COUNT,
            steps=colours.UP,
            width=4,
        ),
        Lines(
            title="Alerts dropped by Prometheus",
            says="Alerts a second that Prometheus could not hand to an Alertmanager.",
            queries=one(
                "sum by (instance)"
                " (rate(prometheus_notifications_dropped_total[$__rate_interval]))",
                "{{instance}}",
            ),
            unit=units.PER_SECOND,
            width=6,
            height=4,
        ),
        Lines(
            title="Notifications that failed",
            says="By receiver, as a share of those tried.",
            no_value="none tried",
            queries=one(
                "sum by (integration)"
                " (rate(alertmanager_notifications_failed_total[$__rate_interval]))"
                " / (sum by (integration)"
                " (rate(alertmanager_notifications_total[$__rate_interval])) > 0)",
                "{{integration}}",
            ),
            unit=units.RATIO,
            width=6,
            height=4,
        ),
        Stat(
            title="Alertmanager cluster",
            says="Members that an Alertmanager sees, itself among them.",
            queries=one("alertmanager_cluster_members", "{{instance}}"),
            unit=units.COUNT,
            width=4,
            no_value="no cluster",
        ),
        Stat(
            title="Configuration",
            says="Whether the newest one is in force, or is wrong and the one before it is.",
            queries=(
                Query("min(prometheus_config_last_reload_successful)", "Prometheus"),
                Query("min(alertmanager_config_last_reload_successful)", "Alertmanager"),
            ),
            unit=units.PLAIN,
            steps=colours.UP,
            meanings={"1": Meaning("newest"), "0": Meaning("old")},
            width=4,
        ),
    ),
)

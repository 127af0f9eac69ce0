"""A query to InfluxDB as Grafana writes it; the SDK has none."""

from dataclasses import dataclass

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef


@dataclass(frozen=True, slots=True)
class InfluxDataquery(Dataquery):
    """A target of an InfluxDB panel: InfluxQL as text."""

    query: str
    alias: str
    datasource: DataSourceRef
    ref_id: str
    is_table: bool

    def to_json(self) -> dict[str, object]:
        """As it stands in the dashboard's JSON."""
        return {
            "alias": self.alias,
            "datasource": self.datasource,
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": "table" if self.is_table else "time_series",
        }

"""Where each node is and who is charged for it: the site file first, else what its series say."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.sitefile.model import Site
from exporters.utility.split.values import Cut, Place


@dataclass(frozen=True, slots=True)
class Places:
    """Where nodes belong."""

    site: Site
    _by_node: Mapping[str, str]
    _by_rack: Mapping[str, str]

    @classmethod
    def of(cls, site: Site) -> "Places":
        """Those of a site. What names a node goes before what names its rack."""
        by_rack = {rack: tenant.name for tenant in site.tenants for rack in tenant.racks}
        by_node = {node.name: node.tenant for node in site.nodes.values() if node.tenant}
        by_node |= {node: tenant.name for tenant in site.tenants for node in tenant.nodes}
        return cls(site, by_node, by_rack)

    def names(self, node: str, said: Place) -> dict[Cut, str]:
        """A node's name in each cut; empty where it has none.

        Args:
            node: the node.
            said: what its series say.
        """
        place = self._place(node, said)
        tenant = self._by_node.get(node) or self._by_rack.get(place.rack, "")
        return {
            Cut.TENANT: tenant,
            Cut.HALL: place.hall,
            Cut.ROW: place.row,
            Cut.RACK: place.rack,
            Cut.NODE: node,
        }

    def _place(self, node: str, said: Place) -> Place:
        known = self.site.nodes.get(node)
        rack = known.rack if known else said.rack
        spec = self.site.racks.get(rack)
        return Place(rack, spec.row, spec.hall) if spec else said

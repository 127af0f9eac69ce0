"""What services of different machines look like: address to resource, as JSON files beside this.

Shapes follow DMTF's schemas and what NVIDIA's, Dell's, HPE's and OpenBMC's services are documented
to serve; values are made up.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Service = Mapping[str, Mapping[str, Any]]


def service(name: str) -> dict[str, dict[str, Any]]:
    """A fresh copy of a service's resources, each with its own address in it."""
    text = Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")
    resources: dict[str, dict[str, Any]] = json.loads(text)
    for address, resource in resources.items():
        resource.setdefault("@odata.id", address)
    return resources

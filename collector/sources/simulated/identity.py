"""Who a simulated GPU says it is."""

import hashlib

from collector.model import GpuIdentity
from collector.sources.simulated.models import BoardModel

UUID_PREFIX = "GPU-51e0"
"""How every simulated UUID begins; real ones are random there."""


def make_identity(model: BoardModel, seed: int, index: int) -> GpuIdentity:
    """The identity of a simulated GPU; the same for the same model, seed and index."""
    digest = hashlib.sha256(f"{model.name}/{seed}/{index}".encode()).hexdigest()
    groups = (digest[0:4], digest[4:8], digest[8:12], digest[12:16], digest[16:28])
    return GpuIdentity(
        uuid=UUID_PREFIX + groups[0] + "-" + "-".join(groups[1:]),
        index=index,
        model=model.name,
        architecture=model.architecture,
        serial=str(1_000_000_000_000 + int(digest[28:38], 16) % 1_000_000_000_000),
        pci_bus_id=f"00000000:{0x10 + index:02X}:00.0",
        driver_version="simulated",
        simulated=True,
    )

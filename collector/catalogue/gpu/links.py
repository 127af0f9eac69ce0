"""What joins a GPU to others and to its host: PCIe, NVLink, NVLink-C2C.

Counts are the driver's own and start anew when it is loaded.
"""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

NVLINK_ERRORS = (
    "replay",
    "recovery",
    "recovery_failed",
    "crc",
    "crc_flit",
    "crc_data",
    "ecc_data",
    "malformed_packet",
    "buffer_overrun",
    "receive",
    "receive_remote",
    "receive_general",
    "link_integrity",
    "transmit_discard",
    "effective",
    "symbol",
)
"""Types that some generation of NVLink counts: crc from 4 on, crc_flit to ecc_data before, and
malformed_packet and what follows from 5 on."""

NVLINK_ERROR_DETAILS = frozenset(
    (kind,)
    for kind in (
        "receive",
        "receive_remote",
        "receive_general",
        "transmit_discard",
        "effective",
        "symbol",
    )
)
"""Types that healthy links count, too, or that count what another type does."""

_DIRECTIONS = {"tx": "TX", "rx": "RX"}
_PCIE_ERRORS = {
    "correctable": "CORRECTABLE_ERRORS",
    "non_fatal": "NON_FATAL_ERROR",
    "fatal": "FATAL_ERROR",
    "nak_received": "NAKS_RECEIVED",
    "nak_sent": "NAKS_SENT",
    "receiver": "RECEIVER_ERROR",
    "bad_tlp": "BAD_TLP",
    "bad_dllp": "BAD_DLLP",
    "unsupported_request": "UNSUPPORTED_REQ",
    "lcrc": "LCRC_ERROR",
    "lane": "LANE_ERROR",
}
_ALL_LINKS = 0xFFFFFFFF
_NVLINK_5 = {"tx": "XMIT", "rx": "RCV"}


def _number(key: str, text: str, function: str, quantity: str) -> Metric:
    return Metric(
        key=key,
        kind=Kind.GAUGE,
        help=text,
        rate=Rate.SLOW,
        reads={"nvml": {(): f"call {function}()"}, "simulated": {(): quantity}},
    )


PCIE = (
    _number(
        "gpu_pcie_link_generation",
        "PCIe generation of the link now; it falls while the GPU is idle.",
        "nvmlDeviceGetCurrPcieLinkGeneration",
        "pcie_generation",
    ),
    _number(
        "gpu_pcie_link_generation_max",
        "The highest PCIe generation that GPU and slot have in common.",
        "nvmlDeviceGetMaxPcieLinkGeneration",
        "pcie_generation",
    ),
    _number(
        "gpu_pcie_link_width",
        "PCIe lanes in use.",
        "nvmlDeviceGetCurrPcieLinkWidth",
        "pcie_width",
    ),
    _number(
        "gpu_pcie_link_width_max",
        "The most PCIe lanes that GPU and slot have in common.",
        "nvmlDeviceGetMaxPcieLinkWidth",
        "pcie_width",
    ),
    Metric(
        key="gpu_pcie_replays",
        kind=Kind.COUNTER,
        help="Packets that were sent again over PCIe.",
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (): (
                    "call nvmlDeviceGetPcieReplayCounter()",
                    "field NVML_FI_DEV_PCIE_REPLAY_COUNTER",
                )
            },
            "simulated": {(): "none"},
        },
    ),
    Metric(
        key="gpu_pcie",
        kind=Kind.COUNTER,
        unit=Unit.BYTES,
        help="Bytes over PCIe as the GPU sees them; absent where the driver's count wraps.",
        labels=("direction",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(direction,): "read pcie_bytes" for direction in _DIRECTIONS},
            "simulated": {(direction,): f"pcie_bytes_{direction}" for direction in _DIRECTIONS},
        },
    ),
    Metric(
        key="gpu_pcie_errors",
        kind=Kind.COUNTER,
        help="Errors of the PCIe link by type.",
        labels=("type",),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {
                (error,): f"field NVML_FI_DEV_PCIE_COUNT_{name}"
                for error, name in _PCIE_ERRORS.items()
            },
        },
    ),
)

NVLINK = (
    Metric(
        key="gpu_nvlink",
        kind=Kind.COUNTER,
        unit=Unit.BYTES,
        help="Bytes over all NVLinks: payload up to NVLink 4, everything from 5 on.",
        labels=("direction",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (direction,): (
                    f"field NVML_FI_DEV_NVLINK_COUNT_{_NVLINK_5[direction]}_BYTES/{_ALL_LINKS} B",
                    f"field NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_{name}/{_ALL_LINKS} KiB",
                )
                for direction, name in _DIRECTIONS.items()
            },
            "simulated": {(direction,): "nvlink_bytes" for direction in _DIRECTIONS},
        },
    ),
    Metric(
        key="gpu_nvlink_errors",
        kind=Kind.COUNTER,
        help="Errors over all NVLinks by type; each generation counts its own types.",
        labels=("type",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(error,): "read nvlink_errors" for error in NVLINK_ERRORS},
            "simulated": {("recovery",): "none"},
        },
        details=NVLINK_ERROR_DETAILS,
    ),
    Metric(
        key="gpu_nvlink_links",
        kind=Kind.GAUGE,
        help="NVLinks by state; disabled ones carry no traffic by decision.",
        labels=("state",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(state,): "read nvlink_links" for state in ("up", "down", "disabled")},
            "simulated": {("up",): "nvlink_links", ("down",): "none", ("disabled",): "none"},
        },
    ),
    Metric(
        key="gpu_nvlink_link_up",
        kind=Kind.GAUGE,
        help="1 while the link is up.",
        labels=("link",),
        rate=Rate.SLOW,
        default_on=False,
        reads={"nvml": {ANY: "read nvlink_each.up"}},
    ),
    Metric(
        key="gpu_nvlink_link",
        kind=Kind.COUNTER,
        unit=Unit.BYTES,
        help="Bytes over each NVLink.",
        labels=("link", "direction"),
        rate=Rate.SLOW,
        default_on=False,
        reads={"nvml": {ANY: "read nvlink_each.bytes"}},
    ),
    Metric(
        key="gpu_nvlink_link_errors",
        kind=Kind.COUNTER,
        help="Errors of each NVLink by type (NVLink 4 and later).",
        labels=("link", "type"),
        rate=Rate.SLOW,
        default_on=False,
        reads={"nvml": {ANY: "read nvlink_each.errors"}},
    ),
)

C2C = (
    Metric(
        key="gpu_c2c_links",
        kind=Kind.GAUGE,
        help="NVLink-C2C links to the module's CPU by state.",
        labels=("state",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(state,): "read c2c.links" for state in ("up", "down")},
            "simulated": {("up",): "c2c_links", ("down",): "c2c_down"},
        },
    ),
    Metric(
        key="gpu_c2c_errors",
        kind=Kind.COUNTER,
        help="Errors over all NVLink-C2C links by type.",
        labels=("type",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(error,): "read c2c.errors" for error in ("crc", "replay", "replay_b2b")},
        },
    ),
)

LINKS = PCIE + NVLINK + C2C

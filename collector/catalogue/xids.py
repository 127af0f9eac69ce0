"""What NVIDIA's XID codes mean, in words, and what to do: for logs, dashboards and alerts.

An XID is the number of an error report of NVIDIA's driver. Meanings and actions follow NVIDIA's
Xid catalogue of October 2025 (https://docs.nvidia.com/deploy/xid-errors), retold; a fatal one
leaves the GPU unfit for work until somebody acts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class XidAction(StrEnum):
    """What NVIDIA advises to do at once."""

    RESTART_NODE = "restart_node"
    RESET_GPU = "reset_gpu"
    CHECK_ECC = "check_ecc"
    CHECK_NVLINK = "check_nvlink"
    RESTART_APP = "restart_app"
    FOLLOW_MESSAGE = "follow_message"
    NONE = "none"


ACTION_TEXTS: Mapping[XidAction, str] = {
    XidAction.RESTART_NODE: "drain the node and restart it; if it comes again, have it repaired",
    XidAction.RESET_GPU: "drain the GPU and reset it (nvidia-smi --gpu-reset)",
    XidAction.CHECK_ECC: "drain the GPU, reset it, and look at its row remaps and ECC counts",
    XidAction.CHECK_NVLINK: "drain the GPU, reset it, and check its NVLink connections",
    XidAction.RESTART_APP: "restart the application; if others fail likewise, reset the GPU",
    XidAction.FOLLOW_MESSAGE: "do what the kernel log's line says",
    XidAction.NONE: "nothing to do now; look for other XIDs near it",
}


@dataclass(frozen=True, slots=True)
class Xid:
    """One code.

    Attributes:
        code: the number.
        meaning: what happened, in a few words.
        action: what to do at once.
        fatal: whether the GPU is unfit for work until that is done.
        common: whether its counter is shown as 0 before the first one.
    """

    code: int
    meaning: str
    action: XidAction
    fatal: bool = False
    common: bool = False

    @property
    def advice(self) -> str:
        """What to do, in words."""
        return ACTION_TEXTS[self.action]


_FATAL, _COMMON = True, True

_ALL = (
    Xid(13, "a program made the compute engine fault", XidAction.RESTART_APP, common=_COMMON),
    Xid(31, "a program used an invalid memory address", XidAction.RESTART_APP, common=_COMMON),
    Xid(32, "a program's commands reached the GPU corrupted", XidAction.RESTART_APP),
    Xid(43, "a program's work was stopped after it faulted", XidAction.NONE),
    Xid(45, "work was cleared away after an earlier error", XidAction.NONE),
    Xid(46, "the GPU stopped processing", XidAction.RESET_GPU, _FATAL),
    Xid(48, "an uncorrectable memory error", XidAction.CHECK_ECC, _FATAL, _COMMON),
    Xid(62, "the GPU's internal controller halted", XidAction.RESET_GPU, _FATAL),
    Xid(63, "a faulty memory row or page is to be replaced", XidAction.NONE, common=_COMMON),
    Xid(64, "replacing a faulty memory row failed", XidAction.RESET_GPU, _FATAL),
    Xid(68, "the video decoder faulted", XidAction.RESTART_APP),
    Xid(69, "a program gave the graphics engine an invalid command", XidAction.RESTART_APP),
    Xid(74, "an NVLink error", XidAction.CHECK_NVLINK, _FATAL, _COMMON),
    Xid(79, "the GPU has fallen off the bus", XidAction.RESTART_NODE, _FATAL, _COMMON),
    Xid(92, "corrected memory errors come often", XidAction.NONE),
    Xid(94, "a memory error, contained to one program", XidAction.RESTART_APP, common=_COMMON),
    Xid(95, "a memory error that was not contained", XidAction.RESET_GPU, _FATAL, _COMMON),
    Xid(109, "switching between programs timed out", XidAction.RESET_GPU, _FATAL),
    Xid(119, "the GPU's system processor (GSP) timed out", XidAction.RESET_GPU, _FATAL, _COMMON),
    Xid(120, "the GPU's system processor (GSP) failed", XidAction.RESET_GPU, _FATAL),
    Xid(136, "training an NVLink failed", XidAction.RESET_GPU, _FATAL),
    Xid(137, "a program reached over NVLink where it may not", XidAction.NONE),
    Xid(140, "an uncorrected memory error", XidAction.RESET_GPU, _FATAL),
    Xid(143, "the GPU could not be initialised", XidAction.RESET_GPU, _FATAL),
    Xid(144, "an NVLink error (SAW unit)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(145, "an NVLink error (RLW unit)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(146, "an NVLink error (TLW unit)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(147, "an NVLink error (TREX unit)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(148, "an NVLink error (power control)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(149, "an NVLink error (network port)", XidAction.CHECK_NVLINK, _FATAL, _COMMON),
    Xid(150, "an NVLink error (MSE unit)", XidAction.CHECK_NVLINK, _FATAL),
    Xid(154, "the GPU needs another recovery", XidAction.FOLLOW_MESSAGE),
    Xid(155, "an NVLink error that software defines", XidAction.RESET_GPU, _FATAL),
    Xid(156, "a faulty unit of the GPU was retired", XidAction.RESET_GPU, _FATAL),
    Xid(157, "retiring a faulty unit of the GPU failed", XidAction.NONE),
    Xid(158, "the GPU timed out for good", XidAction.RESET_GPU, _FATAL),
)

XIDS: Mapping[int, Xid] = {xid.code: xid for xid in _ALL}
"""The codes that are known, by number."""

COMMON_XIDS: tuple[int, ...] = tuple(xid.code for xid in _ALL if xid.common)
"""Codes whose counters start at zero, so that the first one is an increase."""

FATAL_XIDS: tuple[int, ...] = tuple(xid.code for xid in _ALL if xid.fatal)
"""Codes after which somebody must act on the GPU."""


def xid_of(code: int) -> Xid:
    """What is known of a code; for one that is not in the table, what to do to learn more."""
    return XIDS.get(code) or Xid(code, "an error without an entry here", XidAction.FOLLOW_MESSAGE)

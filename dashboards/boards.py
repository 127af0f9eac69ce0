"""All dashboards, from the whole site down to one GPU, then those of one question."""

from dashboards import energy, faults, gpu, node, site, telemetry, thermals, tree
from dashboards.parts.board import Board

BOARDS: tuple[Board, ...] = (
    site.BOARD,
    tree.BOARD,
    node.BOARD,
    gpu.BOARD,
    energy.BOARD,
    thermals.BOARD,
    faults.BOARD,
    telemetry.BOARD,
)

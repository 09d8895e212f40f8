"""The boards, in the order in which they are shown."""

from __future__ import annotations

from dashboards.boards.access import ACCESS
from dashboards.boards.clocks import CLOCKS
from dashboards.boards.evidence import EVIDENCE
from dashboards.boards.outsourcing import OUTSOURCING
from dashboards.boards.oversight import CONTROLS
from dashboards.boards.overview import OVERVIEW
from dashboards.boards.physical import PHYSICAL
from dashboards.boards.pipeline import PIPELINE
from dashboards.boards.principals import PRINCIPALS
from dashboards.boards.transfers import PROVISION
from dashboards.panels import Board, Panel

BOARDS: tuple[Board, ...] = (
    OVERVIEW,
    CONTROLS,
    CLOCKS,
    OUTSOURCING,
    PROVISION,
    ACCESS,
    PHYSICAL,
    PRINCIPALS,
    EVIDENCE,
    PIPELINE,
)


def board(board_id: str) -> Board:
    return next(board for board in BOARDS if board.id == board_id)


def panel(panel_id: str) -> Panel:
    """The panel of that id, on whichever board it stands first."""
    return next(panel for board in BOARDS for panel in board.panels if panel.id == panel_id)

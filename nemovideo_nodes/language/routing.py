"""Routing: which actions an instruction takes, and what a reply asks for. Pure."""

from __future__ import annotations

from nemovideo_nodes.language.instructions import Action, route
from nemovideo_nodes.language.replies import (
    BackendAction,
    BackendActionKind,
    Translation,
    translate,
)

__all__ = ["Action", "BackendAction", "BackendActionKind", "Translation", "route", "translate"]

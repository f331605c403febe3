"""The composer's rules: each reads one request out of an instruction and changes the film for it.

`RULES` is the table; a new one is a function in the module of its subject and a line here. The
order matters: a rule takes the words that it has understood out of the text, so that "without
music" is no request for music and a title's seconds are not the film's.
"""

from __future__ import annotations

from collections.abc import Sequence

from nemovideo_nodes.emulator.agent.rules.background import background
from nemovideo_nodes.emulator.agent.rules.captions import (
    caption_each,
    caption_one,
    running_caption,
    uncaption_one,
)
from nemovideo_nodes.emulator.agent.rules.cuts import (
    one_kind_for_another,
    transitions,
    without_transitions,
)
from nemovideo_nodes.emulator.agent.rules.each_length import lengths_of_each
from nemovideo_nodes.emulator.agent.rules.fit import fit
from nemovideo_nodes.emulator.agent.rules.frame import frame, versions
from nemovideo_nodes.emulator.agent.rules.length import (
    hold,
    length,
    length_of_each,
    longer_or_shorter,
    pace,
)
from nemovideo_nodes.emulator.agent.rules.motion import motion
from nemovideo_nodes.emulator.agent.rules.music import clip_sound, music, volume, without_music
from nemovideo_nodes.emulator.agent.rules.order import drop, keep_only, move, order
from nemovideo_nodes.emulator.agent.rules.reading import Rule
from nemovideo_nodes.emulator.agent.rules.retitle import (
    change_title,
    retime_title,
    without_named,
    without_titles,
)
from nemovideo_nodes.emulator.agent.rules.titles import add_titles, plain_title

__all__ = ["RULES"]

RULES: Sequence[Rule] = (
    versions,
    # What is to go, before what is to come.
    clip_sound,
    without_music,
    one_kind_for_another,
    without_transitions,
    fit,
    uncaption_one,
    without_named,
    drop,
    without_titles,
    keep_only,
    # Everything that is written, before the film's own seconds.
    change_title,
    caption_one,
    caption_each,
    running_caption,
    lengths_of_each,
    length_of_each,
    plain_title,
    retime_title,
    add_titles,
    # The rest.
    motion,
    transitions,
    hold,
    order,
    move,
    pace,
    longer_or_shorter,
    length,
    frame,
    background,
    music,
    volume,
)
"""Every rule, in the order in which they read."""

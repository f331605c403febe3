"""From a draft to an MP4: timeline, frames, sound, encoder.

Only `timeline` is light; everything else needs the extra `video` (PyAV, numpy, Pillow), so
it is imported from its own module: `from nemovideo_nodes.render.movie import render`.
"""

from nemovideo_nodes.render.timeline import Music, Shot, Timeline, Title, timeline_from_draft

__all__ = ["Music", "Shot", "Timeline", "Title", "timeline_from_draft"]

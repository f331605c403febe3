"""For which platforms a request's video is, and the text that goes out with it, checked."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_time import due_from
from nemovideo_nodes.request.platform_names import platforms_in, unknown_platform
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.post_text import (
    UTM_FIELDS,
    PostText,
    TemplateFault,
    filled_in,
    hashtags_in,
    text_faults,
)
from nemovideo_nodes.request.renditions import FITS, Generation, generations, wanted_length
from nemovideo_nodes.workspace.options import VideoOptions

__all__ = ["due_at", "generation_for", "platforms_of", "post_of"]

_WORDS: Final = ("title", "caption", "hashtags", "alt_text", "link")


def platforms_of(options: VideoOptions) -> tuple[str, ...]:
    """The presets that are named, each once, the first one first; raises `BadInput`."""
    found: dict[str, None] = {}
    for text in (options.platform, *options.platforms):
        known, unknown = platforms_in(text)
        for name in unknown:
            sentence = unknown_platform(name)
            raise BadInput(sentence[:1].upper() + sentence[1:])
        found.update(dict.fromkeys(known))
    return tuple(found)


def generation_for(options: VideoOptions) -> Generation:
    """The one generation that serves all platforms of a request.

    Raises `BadInput` where one cannot, since no length suits all of them.
    """
    platforms = platforms_of(options)
    lengths = {wanted_length(prompt) for prompt in options.prompts}
    wanted = lengths.pop() if len(lengths) == 1 else None
    made = generations(platforms, options.aspect, wanted)
    if len(made) > 1:
        first, other = (
            " and ".join(PRESETS[name].title for name in one.serves) for one in made[:2]
        )
        raise BadInput(
            f"One video of {wanted:g} s does not suit {first} as well as {other}: "
            "make one for each, or ask for another length"
        )
    return made[0]


def due_at(text: str) -> datetime | None:
    """When a video is to be published, in UTC where no offset is named; raises `BadInput`."""
    if not text.strip():
        return None
    try:
        return due_from(text, "", ZoneInfo("UTC")).at
    except BadInput as error:
        raise BadInput(f"The time {text[:60]!r} cannot be used: {error.sentence}") from None


def post_of(options: VideoOptions) -> Post | None:
    """What goes out with the video, and where; None where nothing says so. Raises `BadInput`."""
    if options.fit not in FITS:
        raise BadInput(f"The fit {options.fit[:60]!r} is not known: give {', '.join(FITS)}")
    if options.due is not None and options.due.tzinfo is None:
        raise BadInput("The time of the post names no time zone: give one with an offset")
    platforms = platforms_of(options)
    has_text = any(getattr(options, name) for name in _WORDS)
    if not platforms and not has_text and not options.texts and not options.handover:
        if not options.synthetic_media:
            return Post(synthetic_media=False)
        return None
    texts = dict(options.texts) or (
        {one: _written(options, one) for one in platforms or ("",)} if has_text else {}
    )
    for platform, text in texts.items():
        for fault in text_faults(text, platform):
            raise BadInput(fault.sentence[:1].upper() + fault.sentence[1:])
    return Post(
        platforms=platforms,
        texts=texts,
        fit=options.fit,
        language=options.language,
        slug=options.slug,
        date=options.date,
        handover=options.handover.strip(),
        due=options.due if options.handover.strip() else None,
        synthetic_media=options.synthetic_media,
    )


def _written(options: VideoOptions, platform: str) -> PostText:
    if unknown := sorted(set(options.utm) - set(UTM_FIELDS)):
        raise BadInput(f"{unknown[0][:60]!r} is no UTM parameter: give {', '.join(UTM_FIELDS)}")
    fields = {
        "slug": options.slug,
        "date": options.date,
        "platform": platform,
        "language": options.language,
    }
    words = {name: getattr(options, name) for name in _WORDS}
    if wrong := hashtags_in(options.hashtags)[1]:
        raise BadInput(f"{wrong[0][:60]!r} is no hashtag: use letters, digits and _")
    try:
        return filled_in(words, options.utm, fields)
    except TemplateFault as error:
        name = error.field.replace("_", " ")
        raise BadInput(f"The {name} cannot be used: {error.sentence}") from None

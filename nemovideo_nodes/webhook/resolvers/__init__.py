"""What completes a payload that holds ids only: a file for each system that needs it.

Each adds `assets` to the payload, a list of `{"url": ..., "mime": ...}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.resolvers.contentful import ContentfulResolver
from nemovideo_nodes.webhook.resolvers.prismic import PrismicResolver
from nemovideo_nodes.webhook.resolvers.reading import NotYet, Resolver
from nemovideo_nodes.webhook.resolvers.sanity import SanityResolver
from nemovideo_nodes.webhook.resolvers.storyblok import StoryblokResolver
from nemovideo_nodes.webhook.resolvers.strapi import StrapiResolver

__all__ = ["NotYet", "Resolver", "resolver_of"]

_RESOLVERS: Final[dict[str, tuple[Callable[[Source, str], Resolver], bool]]] = {
    # What makes it, and whether it needs a token.
    "contentful": (ContentfulResolver, True),
    "prismic": (PrismicResolver, False),
    "sanity": (SanityResolver, False),
    "storyblok": (StoryblokResolver, True),
    "strapi": (StrapiResolver, False),
}


def resolver_of(config: Config, source: Source) -> Resolver | None:
    """The source's resolver, where it has one; raises `BadInput`."""
    if not source.resolved_by:
        return None
    if source.resolved_by not in _RESOLVERS:
        raise BadInput(
            f"The resolver {source.resolved_by!r} of source {source.name} is not known: "
            f"give {', '.join(_RESOLVERS)}"
        )
    make, needs_token = _RESOLVERS[source.resolved_by]
    what = f"the resolver of source {source.name}"
    if needs_token and not source.resolver_token:
        raise BadInput(
            f"Source {source.name} sends ids only: give resolver_token, a token that may read "
            'the published content, or resolver = "" to do with the ids'
        )
    token = config.secret(source.resolver_token, what) if source.resolver_token else ""
    return make(source, token)

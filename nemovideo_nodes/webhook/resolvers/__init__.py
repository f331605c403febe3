"""What completes a payload that holds ids only: a file for each system that needs it.

Each adds `assets` to the payload, a list of `{"url": ..., "mime": ...}`. Those that ask nobody
(`is_local`) also choose which of the payload's pictures are the thing's own.
"""

from __future__ import annotations

from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.resolvers.contentful import ContentfulResolver
from nemovideo_nodes.webhook.resolvers.ghost import GhostResolver
from nemovideo_nodes.webhook.resolvers.prismic import PrismicResolver
from nemovideo_nodes.webhook.resolvers.reading import Gone, NotYet, Resolver
from nemovideo_nodes.webhook.resolvers.sanity import SanityResolver
from nemovideo_nodes.webhook.resolvers.storyblok import StoryblokResolver
from nemovideo_nodes.webhook.resolvers.strapi import StrapiResolver

__all__ = ["Gone", "NotYet", "Resolver", "resolver_of"]

_Resolver = (
    ContentfulResolver
    | GhostResolver
    | PrismicResolver
    | SanityResolver
    | StoryblokResolver
    | StrapiResolver
)
_RESOLVERS: Final[dict[str, tuple[type[_Resolver], bool]]] = {
    # What makes it, and whether it needs a token.
    "contentful": (ContentfulResolver, True),
    "ghost": (GhostResolver, False),
    "prismic": (PrismicResolver, False),
    "sanity": (SanityResolver, False),
    "storyblok": (StoryblokResolver, True),
    "strapi": (StrapiResolver, False),
}


def resolver_of(config: Config, source: Source, *, only_local: bool = False) -> Resolver | None:
    """The source's resolver, where it has one; raises `BadInput`.

    With `only_local` only one that asks nobody, so that no token is needed.
    """
    if not source.resolved_by:
        return None
    if source.resolved_by not in _RESOLVERS:
        raise BadInput(
            f"The resolver {source.resolved_by!r} of source {source.name} is not known: "
            f"give {', '.join(_RESOLVERS)}"
        )
    make, needs_token = _RESOLVERS[source.resolved_by]
    if only_local and not make.is_local:
        return None
    what = f"the resolver of source {source.name}"
    if needs_token and not source.resolver_token:
        raise BadInput(
            f"Source {source.name} sends ids only: give resolver_token, a token that may read "
            'the published content, or resolver = "" to do with the ids'
        )
    token = config.secret(source.resolver_token, what) if source.resolver_token else ""
    return make(source, token)

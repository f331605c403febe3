"""What is known of each system that sends webhooks: how it signs, where things are in a payload.

Expressions are JMESPath over the payload, with the delivery's headers beside it as `_headers`.
Sources: the vendors' documentation of their payloads, as of November 2026. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.webhook.signatures import Scheme

__all__ = ["INSTRUCTION", "SYSTEMS", "System"]

INSTRUCTION: Final = (
    "Make a 12 second vertical video"
    '{% if title %} titled "{{ title }}"{% endif %}'
    "{% if price %}, with the price {{ price }} at the end{% endif %}."
)
"""The instruction where the user gives no template; the payload's words stand in quotes."""


@dataclass(frozen=True)
class System:
    """A system's scheme and mapping; what is empty has to be configured."""

    scheme: Scheme
    status: int = 202
    """The status of success that it wants."""
    when: str = ""
    """What must be true of a payload that is to make a video."""
    subject: str = ""
    """What the payload is about: equal in all deliveries about one thing."""
    version: str = ""
    """When the thing was changed: by it the newer of two deliveries is known."""
    images: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    """What the instruction may use, by name."""
    media_hosts: tuple[str, ...] = ()
    resolver: str = ""
    """What completes a payload that holds ids only; see `resolvers`."""
    each: str = ""
    """The key of a list in the payload: each thing in it becomes a delivery of its own."""
    same_body_again: bool = False
    """Whether two deliveries with the same bytes may both be meant: then a digest of the bytes
    tells duplicates only until the first of them was looked at."""
    unique_ids: bool = True
    """Whether its delivery ids tell two deliveries apart."""


SYSTEMS: Final = MappingProxyType(
    {
        "standard-webhooks": System("standard-webhooks"),
        "standard-webhooks-ed25519": System("standard-webhooks-ed25519"),
        "svix": System("svix"),
        "github": System("github"),
        "bearer": System("bearer", same_body_again=True),
        "basic": System("basic", same_body_again=True),
        "shopify": System(
            "shopify",
            status=200,
            when=(
                "contains(['products/create', 'products/update'], _headers.\"x-shopify-topic\")"
                " && (!status || status == 'active')"
            ),
            subject="id",
            version="updated_at",
            images="images[].src",
            fields={
                "title": "title",
                "price": "variants[0].price",
                "vendor": "vendor",
                "description": "body_html",
                "link": (
                    "join('', ['https://', _headers.\"x-shopify-shop-domain\","
                    " '/products/', handle])"
                ),
            },
            media_hosts=("cdn.shopify.com",),
        ),
        "woocommerce": System(
            "woocommerce",
            status=200,
            when="status == 'publish' && starts_with(_headers.\"x-wc-webhook-topic\", 'product.')",
            subject="id",
            version="date_modified_gmt",
            images="images[].src",
            fields={
                "title": "name",
                "price": "price",
                "description": "short_description || description",
                "link": "permalink",
            },
            unique_ids=False,  # not unique within a second
        ),
        "contentful": System(
            "contentful",
            when="sys.type == 'Entry' && ends_with(_headers.\"x-contentful-topic\", '.publish')",
            subject="sys.id",
            version="sys.updatedAt",
            images="assets[?starts_with(mime, 'image/')].url",
            fields={
                "title": "fields.title || fields.name || fields.headline",
                "price": "fields.price",
                "description": "fields.description",
                "language": "locale",
                "link": "fields.url",
            },
            media_hosts=("*.ctfassets.net",),
            resolver="contentful",
        ),
        "sanity": System(
            "sanity",
            when="_id && !starts_with(_id, 'drafts.')",
            subject="_id",
            version="_updatedAt",
            images="assets[].url",
            fields={
                "title": "title || name",
                "price": "price",
                "description": "description",
                "language": "language || lang || __i18n_lang",
                "link": "url || slug.current",
            },
            media_hosts=("cdn.sanity.io",),
            resolver="sanity",
        ),
        "ghost": System(
            "ghost",
            when="(post || page).current.status == 'published'",
            subject="(post || page).current.id",
            version="(post || page).current.updated_at",
            images="[(post || page).current.feature_image]",
            fields={
                "title": "(post || page).current.title",
                "description": "(post || page).current.custom_excerpt",
                "link": "(post || page).current.url",
            },
        ),
        "strapi": System(
            "bearer",
            when="event == 'entry.publish'",
            subject="join('/', [model, to_string(entry.documentId || entry.id)])",
            version="entry.updatedAt",
            images="assets[?starts_with(mime, 'image/')].url",
            fields={
                "title": "entry.title || entry.name",
                "price": "entry.price",
                "description": "entry.description",
                "language": "entry.locale",
                "link": "entry.url",
            },
            resolver="strapi",
            same_body_again=True,
        ),
        "directus": System("bearer", same_body_again=True),
        "storyblok": System(
            "storyblok",
            when="action == 'published' && story_id",
            subject="story_id",
            version="story.published_at",
            images="assets[].url",
            fields={
                "title": "story.content.title || story.content.headline || story.name",
                "price": "story.content.price",
                "description": "story.content.description",
                "language": "story.lang",
                "link": "full_slug",
            },
            media_hosts=("*.storyblok.com",),
            resolver="storyblok",
            same_body_again=True,
        ),
        "prismic": System(
            "prismic",
            status=200,
            when="type == 'api-update' && documents[0]",
            subject="documents[0]",
            version="document.last_publication_date",
            images="assets[].url",
            fields={
                # A rich text is a list of its paragraphs, a plain one a text.
                "title": "document.data.title[0].text || document.data.title || document.uid",
                "price": "document.data.price",
                "description": ("document.data.description[].text || document.data.description"),
                "language": "document.lang",
                "link": "document.url",
            },
            media_hosts=("images.prismic.io",),
            resolver="prismic",
            each="documents",  # a release publishes many
            same_body_again=True,
        ),
    }
)

"""What is known of each system that sends webhooks: how it signs, where things are in a payload.

Expressions are JMESPath over the payload, with the delivery's headers beside it as `_headers`.
("!" binds more tightly than ".": `!(a.b)`.)
Sources: the vendors' documentation of their payloads, as of November 2026. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.webhook.signatures import Scheme

__all__ = ["INSTRUCTION", "SYSTEMS", "Passed", "System"]

INSTRUCTION: Final = (
    "Make a 12 second vertical video"
    '{% if title %} titled "{{ title }}"{% endif %}'
    '{% if price %}, with the price "{{ price }}" at the end{% endif %}.'
)
"""The instruction where the user gives no template; the payload's words are in quotes."""


@dataclass(frozen=True)
class Passed:
    """A kind of payload that makes no video, and why."""

    when: str
    why: str
    takes_back: bool = False
    """Whether the thing is not published now, so that a video that waits is called off."""


@dataclass(frozen=True)
class System:
    """A system's scheme and mapping; what is empty has to be configured."""

    scheme: Scheme
    status: int = 202
    """The status of success that it wants."""
    when: str = ""
    """What must be true of a payload that is to make a video."""
    passes: tuple[Passed, ...] = ()
    """What makes none, with the reason; it is looked at before `when`."""
    withdrawn: str = ""
    """What is true of a payload that says that the thing was deleted or unpublished."""
    withdrawn_version: str = ""
    """When it was; by default `version`."""
    subject: str = ""
    """What the payload is about: equal in all deliveries about one thing."""
    version: str = ""
    """When the thing was changed: by it the newer of two deliveries is known."""
    published: str = ""
    """When a thing that is only updated was published: an old one is not made at first sight."""
    images: str = ""
    """URLs, or objects with `url` and `mime`."""
    fields: dict[str, str] = field(default_factory=dict)
    """What the instruction may use, by name."""
    media_hosts: tuple[str, ...] = ()
    resolver: str = ""
    """What completes a payload; see `resolvers`."""
    each: str = ""
    """The key of a list in the payload: each thing in it becomes a delivery of its own."""
    same_body_again: bool = False
    """Whether two deliveries with the same bytes may both be meant: then a digest of the bytes
    tells duplicates only until the first of them was looked at."""
    unique_ids: bool = True
    """Whether its delivery ids tell two deliveries apart."""


_SHOPIFY_TOPIC = '_headers."x-shopify-topic"'
_WOO_TOPIC = '_headers."x-wc-webhook-topic"'
_CONTENTFUL_TOPIC = '_headers."x-contentful-topic"'
_GHOST = "(post || page)"
# A projection may leave both out.
_SANITY_ID = '(_id || _headers."sanity-document-id")'
_SANITY_OWN = (
    "(starts_with(_type || '', 'sanity.') || starts_with(_type || '', 'system.')"
    " || starts_with(_type || '', 'assist.'))"
)
_STRAPI_ID = "(entry.documentId || entry.id)"
# A content type without drafts has no such key in version 4.
_STRAPI_PUBLISHED = "(entry.publishedAt || !contains(keys(entry), 'publishedAt'))"

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
                f"({_SHOPIFY_TOPIC} == 'products/create' || {_SHOPIFY_TOPIC} == 'products/update')"
                " && (!status || status == 'active')"
            ),
            passes=(
                Passed("_headers.\"x-shopify-test\" == 'true'", "it only tries the connection"),
                Passed(
                    "(status == 'draft' || status == 'unlisted')"
                    f" && starts_with({_SHOPIFY_TOPIC}, 'products/')",
                    "the product is not published: it is a draft, or unlisted",
                    takes_back=True,
                ),
            ),
            withdrawn=(
                f"{_SHOPIFY_TOPIC} == 'products/delete'"
                f" || (status == 'archived' && starts_with({_SHOPIFY_TOPIC}, 'products/'))"
            ),
            withdrawn_version='updated_at || _headers."x-shopify-triggered-at"',
            subject="id",
            version="updated_at",
            published=f"{_SHOPIFY_TOPIC} == 'products/update' && (published_at || created_at)",
            images="images[].src || media[?media_content_type == 'IMAGE'].preview_image.src",
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
            when=f"status == 'publish' && starts_with({_WOO_TOPIC}, 'product.')",
            passes=(
                Passed(
                    "type == 'variation' || parent_id > `0`",
                    "it is a variation: its product is what makes a video",
                ),
                Passed(
                    f"starts_with({_WOO_TOPIC}, 'product.') && {_WOO_TOPIC} != 'product.deleted'"
                    " && contains(['draft', 'pending', 'private', 'future', 'auto-draft'], status)",
                    "the product is not published",
                    takes_back=True,
                ),
                Passed(
                    f"starts_with({_WOO_TOPIC}, 'product.') && post_password",
                    "the product is not public: it asks for a password",
                    takes_back=True,
                ),
            ),
            withdrawn=(
                f"{_WOO_TOPIC} == 'product.deleted'"
                f" || (status == 'trash' && starts_with({_WOO_TOPIC}, 'product.'))"
            ),
            subject="id",
            version="date_modified_gmt",
            images="images[?id != `0`].src",  # 0 is the placeholder
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
            when=f"sys.type == 'Entry' && ends_with({_CONTENTFUL_TOPIC}, '.publish')",
            passes=(
                Passed(
                    "sys.type && sys.type != 'Entry' && sys.type != 'DeletedEntry'",
                    "it is not about an entry, but about one of Contentful's own things",
                ),
                Passed(
                    f"ends_with({_CONTENTFUL_TOPIC}, 'save') || "
                    f"ends_with({_CONTENTFUL_TOPIC}, '.create')",
                    "it is a draft: publishing it makes a video",
                ),
            ),
            withdrawn=(
                f"ends_with({_CONTENTFUL_TOPIC}, '.Entry.unpublish')"
                f" || ends_with({_CONTENTFUL_TOPIC}, '.Entry.delete')"
                f" || ends_with({_CONTENTFUL_TOPIC}, '.Entry.archive')"
            ),
            withdrawn_version="sys.deletedAt || sys.archivedAt || sys.updatedAt",
            subject="sys.id",
            version="sys.updatedAt",
            images="assets",
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
            when=_SANITY_ID,
            passes=(
                Passed(f"starts_with({_SANITY_ID}, 'drafts.')", "it is a draft"),
                Passed(f"starts_with({_SANITY_ID}, 'versions.')", "it is a version of a release"),
                Passed(
                    f"{_SANITY_OWN} || starts_with(_id || '', '_.')"
                    " || _type == 'translation.metadata' || _type == 'media.tag'",
                    "it is one of Sanity's own documents",
                ),
            ),
            withdrawn=(
                "_headers.\"sanity-operation\" == 'delete'"
                f" && !starts_with({_SANITY_ID} || '', 'drafts.')"
                f" && !starts_with({_SANITY_ID} || '', 'versions.') && !({_SANITY_OWN})"
            ),
            subject=_SANITY_ID,
            version='_updatedAt || _headers."sanity-transaction-time"',
            images="assets",
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
            when=f"{_GHOST}.current.status == 'published'",
            passes=(
                Passed(
                    "member || tag || user || site",
                    "it is not about a post or a page",
                ),
                Passed(
                    f"{_GHOST}.current.status && {_GHOST}.current.status != 'published'",
                    "it is not published",
                    takes_back=True,
                ),
            ),
            withdrawn=(
                f"({_GHOST}.previous.status == 'published'"
                f" && {_GHOST}.current.status != 'published')"
                f" || ({_GHOST}.previous.id && !({_GHOST}.current))"
            ),
            subject=f"{_GHOST}.current.id || {_GHOST}.previous.id",
            version=f"{_GHOST}.current.updated_at",
            images=f"assets || [{_GHOST}.current.feature_image]",
            fields={
                "title": f"{_GHOST}.current.title",
                "description": f"{_GHOST}.current.custom_excerpt || {_GHOST}.current.excerpt",
                "link": f"{_GHOST}.current.url",
            },
            resolver="ghost",
        ),
        "strapi": System(
            "bearer",
            when=(
                "event == 'entry.publish' || (contains(['entry.create', 'entry.update'], event)"
                f" && {_STRAPI_PUBLISHED})"
            ),
            passes=(
                Passed("event == 'trigger-test'", "it only tries the connection"),
                Passed(
                    "starts_with(uid || '', 'plugin::') || starts_with(uid || '', 'admin::')",
                    "it is one of Strapi's own things, such as a user",
                ),
                Passed(
                    "event && !starts_with(event, 'entry.')",
                    "it is not about an entry, but about a file, a release or a review",
                ),
                Passed(
                    "contains(['entry.create', 'entry.update', 'entry.draft-discard'], event)"
                    f" && !{_STRAPI_PUBLISHED}",
                    "it is a draft: publishing it makes a video",
                ),
            ),
            withdrawn="event == 'entry.unpublish' || event == 'entry.delete'",
            withdrawn_version="createdAt || entry.updatedAt",
            subject=(
                f"{_STRAPI_ID}"
                f" && join('/', [model, to_string({_STRAPI_ID}), entry.locale][?@ != `null`])"
            ),
            version="createdAt || entry.updatedAt",  # a publication keeps the draft's own time
            images="assets",
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
            passes=(
                Passed(
                    "release_id && !story_id",
                    "a release was merged: each of its stories sends a delivery of its own",
                ),
                Passed("!story_id", "it is not about a story"),
                Passed("action == 'moved'", "the story was only moved"),
            ),
            withdrawn="story_id && (action == 'unpublished' || action == 'deleted')",
            subject="story_id",
            version="story.published_at",
            images="assets",
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
            passes=(
                Passed("type == 'test-trigger'", "it only tries the connection"),
                Passed(
                    "type == 'api-update' && !(documents[0])",
                    "it publishes no document (a release, a tag or an experiment changed)",
                ),
            ),
            subject="documents[0]",
            version="document.last_publication_date",
            images="assets",
            fields={
                # A rich text is a list of its paragraphs, a plain one a text.
                "title": "document.data.title[0].text || document.data.title || document.uid",
                "price": "document.data.price",
                "description": "document.data.description[].text || document.data.description",
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

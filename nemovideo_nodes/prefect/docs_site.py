"""Where the documentation of this package is published, for the cards of the blocks.

Prefect takes a logo and a documentation page as web addresses alone. Both are pages of the site
that `make site` builds; who publishes it says where, and the blocks point to it.
"""

from __future__ import annotations

import logging
import os
from importlib import metadata

from pydantic import HttpUrl, TypeAdapter, ValidationError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import VENDOR_WEB, checked_url

__all__ = ["documentation_url", "logo_url"]

_NAME = "NEMOVIDEO_DOCS_URL"
_URL = TypeAdapter(HttpUrl)


def documentation_url() -> HttpUrl:
    """What the site says of the blocks; the service's website where it is published nowhere."""
    page = _in_site("prefect/#blocks-the-account-and-the-store")
    return page or _URL.validate_python(VENDOR_WEB)


def logo_url() -> HttpUrl | None:
    """The logo in the site (a square PNG of 200 pixels); None where it is published nowhere."""
    return _in_site("assets/logo.png")


def _in_site(path: str) -> HttpUrl | None:
    site = os.environ.get(_NAME, "").strip() or _published()
    try:
        checked = checked_url(site, _NAME, allow_http=True) if site else ""
        return _URL.validate_python(f"{checked}/{path}") if checked else None
    except (BadInput, ValidationError) as error:  # no reason to stop a flow
        why = error.sentence if isinstance(error, BadInput) else f"{_NAME} is not a URL"
        logging.getLogger(__name__).warning("%s; the blocks have no logo", why)
        return None


def _published() -> str:
    """The project's own address of its documentation, if its metadata names one."""
    try:
        told: list[str] = metadata.metadata("nemovideo-nodes").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return ""
    urls = dict(one.split(", ", 1) for one in told if ", " in one)
    return urls.get("Documentation", "")

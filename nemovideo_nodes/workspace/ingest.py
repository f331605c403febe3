"""What a user gives, checked before anything is sent: files become media with digests.

The store keeps a copy of each, so that a run can be taken up wherever the store can be seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from nemovideo_nodes.errors import BadInput, NemoVideoError, Remedy, StoreError, well_formed
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.media.inspect import inspect_file
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.media.sniff import CONVERTIBLE, HEAD_BYTES, MediaType, sniff
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.model import MAX_TEXT, Instruction
from nemovideo_nodes.request.steps import Media, medium_name
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.remote_media import fetch_media, is_linkable, is_url, link_media

__all__ = ["image_sizes", "ingest", "instructions"]

MAX_MEDIA = 500
_CHUNK = 1024 * 1024


def ingest(
    store: Store, sources: Sequence[str], access: MediaAccess | None = None
) -> tuple[Media, ...]:
    """The media in `sources`, in order: files, folders of images, URLs. Files are checked first.

    `access` says where URLs may lead (None: to any public https address). Raises `BadInput`
    naming the first source that cannot be used, `Unreachable` for a URL that cannot be reached
    now.
    """
    local = {one: [(p, _type_of(p)) for p in _files(one)] for one in sources if not is_url(one)}
    count = sum(len(local.get(source, ".")) for source in sources)
    if count > MAX_MEDIA:
        raise BadInput(f"{count} files are too many for one video: give at most {MAX_MEDIA}")
    remote = {
        one: [_from_url(store, one, access or MediaAccess())]
        for one in dict.fromkeys(sources)
        if one not in local
    }
    kept = {one: [_keep(store, path, kind) for path, kind in local[one]] for one in local}
    return tuple(medium for source in sources for medium in (kept | remote)[source])


def instructions(texts: Sequence[str], profile: Profile) -> tuple[Instruction, ...]:
    """The script: what the user says, or what the profile says for them."""
    if not texts:
        if not profile.default_instruction:
            raise BadInput(
                f"The profile {profile.name} has no default instruction",
                remedy=Remedy.GIVE_PROMPT,
            )
        return (Instruction(text=profile.default_instruction),)
    for text in texts:
        if not text.strip():
            raise BadInput("The prompt is empty: say in words what the video should be")
        if text != well_formed(text):
            raise BadInput("The prompt is not valid UTF-8 text")
        if len(text) > MAX_TEXT:
            raise BadInput(f"The prompt has {len(text)} characters; at most {MAX_TEXT} are taken")
    return tuple(Instruction(text=text.strip()) for text in texts)


def image_sizes(store: Store, media: Sequence[Media]) -> list[tuple[int, int]]:
    """Width and height in pixels of the images whose bytes are in the store, where they can be
    told: that takes the extra `video`."""
    sizes: list[tuple[int, int]] = []
    if importlib.util.find_spec("PIL") is None:
        return sizes
    for medium in media:
        if medium.kind == "image" and medium.url is None:
            with (
                store.local(medium.artifact) as path,
                contextlib.suppress(NemoVideoError, OSError),
            ):
                sizes.append(image_size(path))
    return sizes


def _from_url(store: Store, source: str, access: MediaAccess) -> Media:
    if is_linkable(source):
        return link_media(source, access)
    with fetch_media(store, source, access) as path:
        return _keep(store, path, _type_of(path))


def _files(source: str) -> Iterable[Path]:
    if not source.strip():
        raise BadInput("The name of a file is empty")
    try:
        path = _path(source)
        if path.is_dir():
            return _images_in(path, source)
        if not path.exists():
            raise BadInput(f"There is no file {source!r}: check the path")
        if not path.is_file():
            raise BadInput(f"{source!r} is not a regular file")
    except (OSError, ValueError) as error:
        raise BadInput(f"{source!r} cannot be read: {_reason(error)}") from None
    return [path]


def _path(source: str) -> Path:
    """The path as it is given; `~` means the home folder where no file is called so."""
    path = Path(source)
    if source.startswith("~") and not path.exists():
        with contextlib.suppress(RuntimeError):  # no such user
            return path.expanduser()
    return path


def _images_in(folder: Path, source: str) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            kind = sniff(_head(path))
            if kind is not None and kind.kind == "image":
                found.append(path)
    if not found:
        raise BadInput(f"The folder {source!r} holds no image (jpg, png, webp or gif)")
    return found


def _type_of(path: Path) -> MediaType:
    name = medium_name(path.name)
    try:
        kind = inspect_file(path, name)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {_reason(error)}") from None
    if kind.ext in CONVERTIBLE:
        raise BadInput(
            f"{name}: the service takes no {kind.ext.upper()} pictures: export it as JPG"
        )
    return kind


def _keep(store: Store, path: Path, kind: MediaType) -> Media:
    """The file as a medium, and its copy in the store."""
    name = medium_name(path.name)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            media = Media(name=name, digest=digest, size=file.tell(), kind=kind.kind, ext=kind.ext)
            if store.size(media.artifact) != media.size:
                file.seek(0)
                _copy(store, file, media)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {_reason(error)}") from None
    return media


def _copy(store: Store, file: BinaryIO, media: Media) -> None:
    """Put the file's bytes into the store, if they still are what its digest says."""
    copy = store.scratch("media") / f"{media.digest[:12]}-{secrets.token_hex(4)}"
    try:
        digest = hashlib.sha256()
        with copy.open("wb") as target:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != media.digest:
            raise BadInput(f"{media.name} changed while it was being read: try again")
        store.put_file(media.artifact, copy, move=True)
    except OSError as error:
        raise StoreError(
            f"{media.name} cannot be copied into the store: {_reason(error)}"
        ) from None
    finally:
        copy.unlink(missing_ok=True)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()

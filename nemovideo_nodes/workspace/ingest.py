"""What a user gives, checked before anything is sent: files become media with digests.

The store keeps a copy of each, so that a run can be taken up wherever the store can be seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from nemovideo_nodes.errors import (
    BadInput,
    NemoVideoError,
    Remedy,
    StoreError,
    Unreachable,
    well_formed,
)
from nemovideo_nodes.ledger.facts import Skipped
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.media.convert import to_jpeg
from nemovideo_nodes.media.inspect import UnusableMedia, inspect_file
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.media.sniff import CONVERTIBLE, MediaType
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.medium import Media, medium_name
from nemovideo_nodes.request.model import MAX_TEXT, Instruction
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.folder_order import EARLIER_ORDERS, natural
from nemovideo_nodes.workspace.remote_media import (
    fetch_media,
    is_linkable,
    is_url,
    link_media,
    url_name,
)

__all__ = [
    "Ingested",
    "Listed",
    "NoPicture",
    "Refused",
    "image_sizes",
    "ingest",
    "ingest_all",
    "instructions",
    "list_pictures",
]

MAX_MEDIA = 500
_CHUNK = 1024 * 1024
_SYSTEM_FILES = frozenset(
    {"thumbs.db", "desktop.ini", "icon\r", "ehthumbs.db", "ehthumbs_vista.db", "picasa.ini"}
    | {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
)
"""What systems put into folders by themselves; passed over like hidden files."""
_LONGEST_SHOWN = 300


@dataclass(frozen=True)
class Refused:
    """A source that was named by itself and cannot be used."""

    error: BadInput | Unreachable
    files: tuple[Skipped, ...]
    """What it is called, with the reason; of a folder, each file in it."""


@dataclass(frozen=True)
class Ingested:
    """What came of the sources: the media that can be used, and what was left out, and why."""

    media: tuple[Media, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Files of folders that cannot be used, in order."""
    refused: tuple[Refused, ...] = ()
    """Sources that were named by themselves; what cannot be used at all comes first."""
    as_before: tuple[tuple[Media, ...], ...] = ()
    """The media in each order in which folders were read once, for the run ids of then."""

    def checked(self) -> Ingested:
        """These; raises `BadInput` or `Unreachable` for the first source that is refused."""
        if self.refused:
            raise self.refused[0].error
        return self


@dataclass(frozen=True)
class Listed:
    """The files and URLs that sources stand for, one by one, and what was left out."""

    pictures: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


class NoPicture(BadInput):
    """A folder without a picture that can be used."""

    def __init__(self, sentence: str, skipped: tuple[Skipped, ...] = ()) -> None:
        super().__init__(sentence)
        self.skipped = skipped


@dataclass
class _Source:
    """One source, and the files that it stands for."""

    name: str
    files: list[tuple[Path, MediaType]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    is_folder: bool = False


def ingest(
    store: Store, sources: Sequence[str], access: MediaAccess | None = None
) -> tuple[Media, ...]:
    """The media in `sources`, in order: files, folders of images, URLs. See `ingest_all`."""
    return ingest_all(store, sources, access).checked().media


def ingest_all(
    store: Store, sources: Sequence[str], access: MediaAccess | None = None, *, keep: bool = True
) -> Ingested:
    """The media in `sources`, in order: files, folders of images, URLs. Files are checked first.

    `access` says where URLs may lead (None: to any public https address). Without `keep` nothing
    is copied into the store. What cannot be used stands in the result.
    """
    opened: dict[str, _Source] = {}
    refused: dict[str, Refused] = {}
    for name in dict.fromkeys(sources):
        if not is_url(name):
            try:
                opened[name] = _open(name)
            except BadInput as error:
                refused[name] = _refused(name, error)
    count = sum(len(opened[name].files) if name in opened else 1 for name in sources)
    if count > MAX_MEDIA:
        raise BadInput(f"{count} files are too many for one video: give at most {MAX_MEDIA}")
    found: dict[str, list[Media]] = {}
    # URLs first: nothing of this machine is copied where one of them cannot be used.
    for name in sorted(dict.fromkeys(sources), key=lambda name: name in opened):
        if name in refused:
            continue
        kept = keep and not refused
        try:
            if name in opened:
                files = opened[name].files
                found[name] = [_medium(store, path, kind, keep=kept) for path, kind in files]
            else:
                found[name] = [_from_url(store, name, access or MediaAccess(), keep=kept)]
        except (BadInput, Unreachable) as error:
            refused[name] = _refused(name, error)

    def read_by(order: Callable[[str], Any]) -> tuple[Media, ...]:
        folders = {name for name, source in opened.items() if source.is_folder}
        return tuple(
            one
            for name in sources
            for one in (
                sorted(found[name], key=lambda medium: order(medium.name))
                if name in folders & found.keys()
                else found.get(name, ())
            )
        )

    return Ingested(
        media=tuple(one for name in sources for one in found.get(name, ())),
        skipped=tuple(one for source in opened.values() for one in source.skipped),
        refused=tuple(sorted(refused.values(), key=lambda one: isinstance(one.error, Unreachable))),
        as_before=tuple(read_by(order) for order in EARLIER_ORDERS),
    )


def _refused(source: str, error: BadInput | Unreachable) -> Refused:
    if isinstance(error, NoPicture) and error.skipped:
        return Refused(error, error.skipped)
    if isinstance(error, UnusableMedia):
        return Refused(error, (Skipped(name=error.name, reason=error.reason),))
    name = url_name(source) if is_url(source) else medium_name(Path(source).name)
    return Refused(error, (Skipped(name=name, reason=error.sentence),))


def list_pictures(sources: Sequence[str]) -> Listed:
    """What `sources` stand for, each by itself, in the order of `ingest`; nothing is copied.

    Raises `BadInput` for a source that cannot be used.
    """
    pictures: list[str] = []
    skipped: list[Skipped] = []
    for source in sources:
        if is_url(source):
            pictures.append(source)
        else:
            opened = _open(source)
            pictures += [str(path) for path, _ in opened.files]
            skipped += opened.skipped
    return Listed(tuple(pictures), tuple(skipped))


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


def _from_url(store: Store, source: str, access: MediaAccess, *, keep: bool) -> Media:
    if is_linkable(source):
        return link_media(source, access)
    with fetch_media(store, source, access) as path:
        return _medium(store, path, _type_of(path), keep=keep)


def _open(source: str) -> _Source:
    """The files of one source that is not a URL; raises `BadInput`."""
    if not source.strip():
        raise BadInput("The name of a file is empty")
    try:
        path = _path(source)
        if path.is_dir():
            return _read_folder(path, source)
        if path.is_symlink() and not path.exists():
            raise BadInput(f"{_quoted(source)} is a link to a file that is not there")
        if not path.exists():
            raise BadInput(f"There is no file {_quoted(source)}: {_hint(source)}")
        if not path.is_file():
            raise BadInput(f"{_quoted(source)} is not a regular file")
        return _Source(source, [(path, _type_of(path))])
    except (OSError, ValueError) as error:
        raise BadInput(f"{_quoted(source)} cannot be read: {_reason(error)}") from None


def _quoted(source: str) -> str:
    return repr(source if len(source) <= _LONGEST_SHOWN else f"{source[:_LONGEST_SHOWN]}…")


def _hint(source: str) -> str:
    if source.lower().startswith(("www.", "//")):
        return "a URL begins with https://"
    return "check the path"


def _path(source: str) -> Path:
    """The path as it is given; `~` means the home folder where no file is called so."""
    path = Path(source)
    if source.startswith("~") and not path.exists():
        with contextlib.suppress(RuntimeError):  # no such user
            return path.expanduser()
    return path


def _read_folder(folder: Path, source: str) -> _Source:
    """The images of a folder in natural order, and what else is in it with the reason."""
    read = _Source(source, is_folder=True)
    for path in sorted(folder.iterdir(), key=lambda path: natural(path.name)):
        name = medium_name(path.name)
        if path.name.startswith(".") or path.name.lower() in _SYSTEM_FILES:
            continue
        if path.is_dir():
            read.skipped.append(Skipped(name=name, reason="a folder: name it by itself"))
            continue
        try:
            kind = _type_of(path)
        except UnusableMedia as error:
            read.skipped.append(Skipped(name=name, reason=error.reason))
        else:
            if kind.kind == "image":
                read.files.append((path, kind))
            else:
                reason = f"{_WHAT[kind.kind]}: folders give pictures; name it by itself"
                read.skipped.append(Skipped(name=name, reason=reason))
    if not read.files:
        left = "; ".join(f"{one.name}: {one.reason}" for one in read.skipped[:3])
        raise NoPicture(
            f"The folder {_quoted(source)} holds no picture that can be used"
            + (f" ({left})" if left else " (jpg, png, webp or gif)"),
            tuple(read.skipped),
        )
    return read


_WHAT = {"video": "a clip", "audio": "a recording"}


def _type_of(path: Path) -> MediaType:
    name = medium_name(path.name)
    try:
        if not path.is_file():
            is_gone = path.is_symlink() and not path.exists()
            raise UnusableMedia(
                name,
                "a link to a file that is not there" if is_gone else "it is not a regular file",
            )
        return inspect_file(path, name)
    except OSError as error:
        raise UnusableMedia(name, f"it cannot be read: {_reason(error)}") from None


def _medium(store: Store, path: Path, kind: MediaType, *, keep: bool) -> Media:
    """The file as a medium; with `keep` its copy, or the JPEG made of it, is in the store."""
    name = medium_name(path.name)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            ext = "jpg" if kind.ext in CONVERTIBLE else kind.ext
            media = Media(name=name, digest=digest, size=size, kind=kind.kind, ext=ext)
            if not keep:
                return media
            if kind.ext in CONVERTIBLE:
                return _converted(store, path, media)
            if store.size(media.artifact) != media.size:
                file.seek(0)
                _copy(store, file, media)
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {_reason(error)}") from None
    return media


def _converted(store: Store, path: Path, media: Media) -> Media:
    """The medium of a picture that the service does not take: a JPEG of it is what is uploaded."""
    made = store.scratch("media") / f"{media.digest[:12]}-{secrets.token_hex(4)}.jpg"
    try:
        to_jpeg(path, made, media.name)
        with made.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        converted = media.model_copy(update={"converted": digest})
        store.put_file(converted.artifact, made, move=True)
        return converted
    finally:
        made.unlink(missing_ok=True)


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


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()

"""Which type a media file has, by its first bytes and never by its name; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ACCEPTED",
    "AUDIO_ONLY",
    "CONVERTIBLE",
    "HEAD_BYTES",
    "MAX_BYTES",
    "MediaType",
    "sniff",
    "sniff_convertible",
]

HEAD_BYTES = 4096
"""How much of a file's beginning `sniff` wants to see."""

MAX_BYTES = 200 * 1024 * 1024
"""The service's limit for one file (contract, section 2)."""


@dataclass(frozen=True)
class MediaType:
    """A type that the service accepts; `ext` is its name in the contract, without a dot."""

    kind: Literal["image", "video", "audio"]
    ext: str
    mime: str


ACCEPTED: dict[str, MediaType] = {
    media.ext: media
    for media in (
        MediaType("video", "mp4", "video/mp4"),
        MediaType("video", "mov", "video/quicktime"),
        MediaType("video", "avi", "video/x-msvideo"),
        MediaType("video", "webm", "video/webm"),
        MediaType("video", "mkv", "video/x-matroska"),
        MediaType("image", "jpg", "image/jpeg"),
        MediaType("image", "png", "image/png"),
        MediaType("image", "gif", "image/gif"),
        MediaType("image", "webp", "image/webp"),
        MediaType("audio", "mp3", "audio/mpeg"),
        MediaType("audio", "wav", "audio/wav"),
        MediaType("audio", "m4a", "audio/mp4"),
        MediaType("audio", "aac", "audio/aac"),
    )
}
"""The contract's formats by their names; `jpeg` is jpg."""

AUDIO_ONLY: dict[str, MediaType] = {
    "mp4": ACCEPTED["m4a"],
    "mov": ACCEPTED["m4a"],
    "m4a": ACCEPTED["m4a"],
    "avi": MediaType("audio", "avi", "video/x-msvideo"),
    "webm": MediaType("audio", "webm", "audio/webm"),
    "mkv": MediaType("audio", "mkv", "audio/x-matroska"),
}
"""The types of video containers that hold sound and no moving picture; `tracks` finds them."""

CONVERTIBLE: dict[str, MediaType] = {
    "heic": MediaType("image", "heic", "image/heic"),
    "avif": MediaType("image", "avif", "image/avif"),
}
"""Pictures that the service does not take, and that `convert.to_jpeg` makes into JPEG."""

# Boxes that a QuickTime file from before `ftyp` may begin with.
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# ISO brands of pictures. `mif1` and `msf1` are either, as the further brands say.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_PICTURE_BRANDS = _HEIC_BRANDS | _AVIF_BRANDS | {b"mif1", b"msf1"}
_OTHER_PICTURES = frozenset({b"jxl ", b"crx "})
"""JPEG XL and Canon's raw files, which nothing here reads."""


def sniff(head: bytes) -> MediaType | None:
    """The type of a file that begins with `head` (its first 4 KiB), or None if not accepted."""
    ext = _image(head) or _riff(head) or _iso(head) or _matroska(head) or _audio(head)
    return ACCEPTED[ext] if ext else None


def sniff_convertible(head: bytes) -> MediaType | None:
    """The type of `CONVERTIBLE` of a file that begins with `head`, or None."""
    size, brand = int.from_bytes(head[:4], "big"), head[8:12]
    if head[4:8] != b"ftyp" or brand not in _PICTURE_BRANDS:
        return None
    further = {head[at : at + 4] for at in range(16, min(size, len(head), 256), 4)}
    if brand in _AVIF_BRANDS or (brand in (b"mif1", b"msf1") and further & _AVIF_BRANDS):
        return CONVERTIBLE["avif"]
    return CONVERTIBLE["heic"]


def _image(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return None


def _riff(head: bytes) -> str | None:
    if head[:4] not in (b"RIFF", b"RF64"):
        return None
    return {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}.get(head[8:12])


def _iso(head: bytes) -> str | None:
    kind, brand = head[4:8], head[8:12]
    if kind == b"ftyp" and len(brand) == 4:
        if brand == b"qt  ":
            return "mov"
        if brand in (b"M4A ", b"M4B ", b"M4P "):
            return "m4a"
        return None if brand in _PICTURE_BRANDS | _OTHER_PICTURES else "mp4"
    size = int.from_bytes(head[:4], "big")
    return "mov" if kind in _OLD_QUICKTIME and (size >= 8 or size == 1) else None


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    # EBML element DocType (0x4282), a one-byte length, then its text.
    at = head.find(b"\x42\x82")
    name = head[at + 3 : at + 3 + (head[at + 2] & 0x7F)] if 0 <= at < len(head) - 3 else b""
    return {b"webm": "webm", b"matroska": "mkv"}.get(name.rstrip(b"\0"))


def _audio(head: bytes) -> str | None:
    if head.startswith(b"ID3"):
        return _after_id3(head)
    return _mpeg_audio(head)


def _after_id3(head: bytes) -> str | None:
    """An ID3 tag comes before MP3 and sometimes before raw AAC; its length is in 7-bit bytes."""
    if len(head) < 10 or any(byte & 0x80 for byte in head[6:10]):
        return None
    size = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    return (_mpeg_audio(head[size:]) or "mp3") if size < len(head) else "mp3"


def _mpeg_audio(head: bytes) -> str | None:
    """ADTS AAC or MPEG layer III, by a frame header and, where `head` reaches it, the next one."""
    if head.startswith(b"ADIF"):
        return "aac"
    if len(head) < 7 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        follows = head[size : size + 2]
        valid = size >= 7 and (head[2] >> 2) & 0xF < 13
        return "aac" if valid and (len(follows) < 2 or _is_adts(follows)) else None
    layer, bitrate, rate = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    version = head[1] >> 3 & 3
    synced = head[1] & 0xE0 == 0xE0
    return "mp3" if synced and version != 1 and layer == 1 and bitrate != 15 and rate != 3 else None


def _is_adts(header: bytes) -> bool:
    return header[0] == 0xFF and header[1] & 0xF6 == 0xF0

"""Formats that the service does not take: what such a file is, and what to do with it; pure."""

from __future__ import annotations

import codecs

from nemovideo_nodes.media.sniff import MediaType, sniff_convertible
from nemovideo_nodes.wire.codes import FORMATS

__all__ = ["EXTRA_FOR_HEIF", "explain", "explain_convertible", "explain_cut_off"]

EXTRA_FOR_HEIF = "nemovideo-nodes[heif]"
"""What reads HEIC and AVIF."""

_AS_JPG = "export it as JPG"
_AS_PNG = "export it as PNG"
_AS_MP4 = "export it as MP4"
_AS_MP3 = "export it as MP3 or M4A"
_UNPACK = "unpack it and give the files in it"

# First bytes, where they begin, what the file is, and what to do.
_SIGNATURES: tuple[tuple[bytes, int, str, str], ...] = (
    (b"BM", 0, "a BMP picture", _AS_JPG),
    (b"II*\0", 0, "a TIFF picture or a camera's raw file", _AS_JPG),
    (b"MM\0*", 0, "a TIFF picture or a camera's raw file", _AS_JPG),
    (b"II+\0", 0, "a TIFF picture", _AS_JPG),
    (b"IIU\0", 0, "a camera's raw file", _AS_JPG),
    (b"FUJIFILM", 0, "a camera's raw file", _AS_JPG),
    (b"IIR", 0, "a camera's raw file", _AS_JPG),
    (b"ftypcrx ", 4, "a camera's raw file", _AS_JPG),
    (b"HEAPCCDR", 6, "a camera's raw file", _AS_JPG),
    (b"FOVb", 0, "a camera's raw file", _AS_JPG),
    (b"\0MRM", 0, "a camera's raw file", _AS_JPG),
    (b"\xff\x0a", 0, "a JPEG XL picture", _AS_JPG),
    (b"\0\0\0\x0cJXL ", 0, "a JPEG XL picture", _AS_JPG),
    (b"jxl ", 8, "a JPEG XL picture", _AS_JPG),
    (b"\0\0\0\x0cjP  ", 0, "a JPEG 2000 picture", _AS_JPG),
    (b"\xff\x4f\xff\x51", 0, "a JPEG 2000 picture", _AS_JPG),
    (b"8BPS", 0, "a Photoshop document", _AS_JPG),
    (b"gimp xcf", 0, "a GIMP document", _AS_JPG),
    (b"DDS ", 0, "a DDS picture", _AS_JPG),
    (b"\x76\x2f\x31\x01", 0, "an OpenEXR picture", _AS_JPG),
    (b"#?RADIANCE", 0, "a Radiance picture", _AS_JPG),
    (b"qoif", 0, "a QOI picture", _AS_PNG),
    (b"\0\0\1\0", 0, "an icon", _AS_PNG),
    (b"icns", 0, "an icon", _AS_PNG),
    (b"L\0\0\0\1\x14\2\0", 0, "a shortcut to a file, not the file", "give the file itself"),
    (b"\6\6\xed\xf5\xd8\x1d\x46\xe5", 0, "an InDesign document", "export its pages as JPG"),
    (b"%!PS", 0, "a PostScript drawing", _AS_PNG),
    (b" EMF", 40, "a Windows metafile", _AS_PNG),
    (b"\xd7\xcd\xc6\x9a", 0, "a Windows metafile", _AS_PNG),
    (b"%PDF", 0, "a PDF document", "export its pages as JPG or PNG"),
    (b"\xd0\xcf\x11\xe0", 0, "an older office document", "export its pages as JPG or PNG"),
    (b"PK\x03\x04", 0, "a ZIP archive or an office document", _UNPACK),
    (b"PK\x05\x06", 0, "an empty ZIP archive", "leave it out"),
    (b"Rar!", 0, "a RAR archive", _UNPACK),
    (b"7z\xbc\xaf", 0, "a 7z archive", _UNPACK),
    (b"\x1f\x8b", 0, "a compressed file (gzip)", _UNPACK),
    (b"OggS", 0, "an Ogg recording or video", "export it as MP3 or MP4"),
    (b"fLaC", 0, "a FLAC recording", _AS_MP3),
    (b"FORM", 0, "an AIFF recording", _AS_MP3),
    (b"caff", 0, "a CAF recording", _AS_MP3),
    (b".snd", 0, "an AU recording", _AS_MP3),
    (b"riff\x2e\x91\xcf\x11", 0, "a Wave64 recording", _AS_MP3),
    (b"wvpk", 0, "a WavPack recording", _AS_MP3),
    (b"\x0b\x77", 0, "an AC-3 recording", _AS_MP3),
    (b"#!AMR", 0, "an AMR recording", _AS_MP3),
    (b"MThd", 0, "a MIDI file", _AS_MP3),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0, "a Windows Media file", "export it as MP4 or MP3"),
    (b"FLV\x01", 0, "a Flash video", _AS_MP4),
    (b"\0\0\1\xba", 0, "an MPEG video of an older kind", _AS_MP4),
    (b"\0\0\1\xb3", 0, "an MPEG video of an older kind", _AS_MP4),
    (b"\x06\x0e\x2b\x34\2\5\1\1", 0, "an MXF video", _AS_MP4),
    (b".RMF", 0, "a RealMedia file", _AS_MP4),
    (b"\0\5\x16\7", 0, "a Mac's side file without a picture", "leave it out"),
    (
        b"bplist00",
        0,
        "a Mac's placeholder or settings, not a picture",
        "download the picture itself",
    ),
    (b"[InternetShortcut]", 0, "a link to a page, not a picture", "save the picture itself"),
    (b"version https://git-lfs", 0, "a pointer of Git LFS, not the file", "run git lfs pull"),
    (b"data:image/", 0, "a picture written as text (base64)", "save the picture itself"),
)
_SIDE_FILES = (b"<!doctype plist", b"<x:xmpmeta", b"<?xpacket")
"""How settings of pictures begin, such as the AAE files of iPhones and the XMP files of editors."""
_PAGES = (b"<!doctype html", b"<html", b"<head>", b"<body")
_TRANSPORT_STREAMS = ((0, 188), (4, 192))
"""Where the first packet of an MPEG transport stream begins, and its bytes; camcorders put a time
before each packet."""


def explain(head: bytes) -> str:
    """Why a file that begins with `head` cannot be used, and what to do; without its name.

    `head` is one that `sniff` does not know.
    """
    convertible = sniff_convertible(head)
    if convertible is not None:
        return explain_convertible(convertible, f"or install {EXTRA_FOR_HEIF}")
    if not head.strip(b"\0"):
        return "it holds only zeros, as a copy does that failed: copy or download it again"
    is_text = _is_text(head)
    for signature, at, what, remedy in _SIGNATURES:
        # A text may begin with the two letters of a BMP picture.
        if head[at : at + len(signature)] == signature and not (is_text and len(signature) < 4):
            return f"{what}: {remedy}"
    if not is_text and any(head[at::size][:2] == b"GG" for at, size in _TRANSPORT_STREAMS):
        return f"an MPEG transport stream: {_AS_MP4}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    start = text.lower()
    if any(tag in start[:1000] for tag in _PAGES):
        return "a web page, not a picture: save the picture itself"
    if b"<svg" in start:
        return "an SVG drawing: export it as PNG"
    if any(mark in start for mark in _SIDE_FILES):
        return "settings that belong to a picture, and no picture: leave it out"
    if is_text:
        return f"it holds text; the service takes {FORMATS}"
    return f"it holds something else than the service takes: {FORMATS}"


def explain_convertible(media: MediaType, more: str) -> str:
    """What a picture of a type of `CONVERTIBLE` is and what to do; `more` is added to it."""
    return f"{_called(media)}: {_AS_JPG}, {more}"


def explain_cut_off(media: MediaType) -> str:
    """What is wrong with half of a picture of a type of `CONVERTIBLE`."""
    return f"{_called(media)}: it is cut off, its end is missing: copy it again, or {_AS_JPG}"


def _called(media: MediaType) -> str:
    return "HEIC, as iPhones write it" if media.ext == "heic" else "an AVIF picture"


def _is_text(head: bytes) -> bool:
    try:
        # Not `bytes.decode`: a character may be cut at the end of what was read.
        text = codecs.getincrementaldecoder("utf-8")().decode(head[:1000])
    except UnicodeDecodeError:
        return False
    return "\0" not in text and bool(text.strip())

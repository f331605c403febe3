"""A file is examined before anything is sent: what it is, and why it cannot be used."""

from __future__ import annotations

import importlib.util
import io
import shutil
import struct
import subprocess
import sys
import wave
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from PIL import Image

from nemovideo_nodes.errors import TooManyPixels
from nemovideo_nodes.media.inspect import inspect_file
from nemovideo_nodes.media.sniff import ACCEPTED, AUDIO_ONLY, CONVERTIBLE
from nemovideo_nodes.media.whole import is_whole
from nemovideo_nodes.render.demux import opened_media, picture_stream
from nemovideo_nodes.render.image import open_image
from nemovideo_nodes.render.unusable import UnusableMedia

CASES = Path(__file__).parent / "cases"


def refusal(path: Path, name: str | None = None) -> str:
    """Why `path` is refused, without its name."""
    with pytest.raises(UnusableMedia) as caught:
        inspect_file(path, name)
    assert caught.value.name == (name or path.name)
    assert caught.value.sentence == f"{caught.value.name}: {caught.value.reason}"
    assert "\n" not in caught.value.sentence
    return caught.value.reason


def container(
    path: Path,
    form: str,
    *,
    picture: bool,
    sound: bool,
    brand: str = "",
    codec: str = "mpeg4",
    frames: int = 3,
) -> Path:
    """A file with the tracks that are asked for, a third of a second long."""
    options = {"brand": brand} if brand else {}
    codecs = ("libvpx", "libopus") if form == "webm" else (codec, "aac")
    with av.open(str(path), "w", format=form, options=options) as out:
        streams: list[VideoStream | AudioStream] = []
        if picture:
            video = out.add_stream(codecs[0], rate=10)
            assert isinstance(video, VideoStream)
            video.width, video.height = 64, 48
            video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            streams.append(video)
        if sound:
            audio = out.add_stream(codecs[1], rate=48_000)
            assert isinstance(audio, AudioStream)
            audio.layout = "mono"
            streams.append(audio)
        for stream in streams:
            if isinstance(stream, VideoStream):
                for _ in range(frames):
                    still = np.full((72, 64), 100, np.uint8)
                    out.mux(
                        stream.encode(
                            av.VideoFrame.from_ndarray(still, format=stream.pix_fmt or "")
                        )
                    )
            else:
                form_of = stream.codec_context.format.name
                size = stream.codec_context.frame_size or 960
                kind = np.float32 if form_of.startswith("flt") else np.int16
                for at in range(0, 16 * size, size):
                    block = np.zeros((1, size), kind)
                    frame = av.AudioFrame.from_ndarray(block, format=form_of, layout="mono")
                    frame.sample_rate, frame.pts = 48_000, at
                    out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("brand", ["mp42", "3gp4", "dash", "isom", "qt  ", "M4A "])
def test_an_mp4_without_pictures_is_audio(brand: str, tmp_path: Path) -> None:
    """Whatever its brand says: a voice memo is not a clip."""
    path = container(tmp_path / "memo.mp4", "mp4", picture=False, sound=True, brand=brand)
    assert inspect_file(path) == ACCEPTED["m4a"]


def test_a_recorders_file_is_audio() -> None:
    """A voice memo of brand mp42, as Android's recorders write it."""
    assert inspect_file(CASES / "recorder_mp42.m4a") == ACCEPTED["m4a"]


@pytest.mark.parametrize("brand", ["M4A ", "isom", "qt  "])
def test_an_mp4_with_pictures_is_a_video(brand: str, tmp_path: Path) -> None:
    """Also one whose brand says audio."""
    path = container(tmp_path / "clip.m4a", "mp4", picture=True, sound=True, brand=brand)
    assert inspect_file(path) == ACCEPTED["mov" if brand == "qt  " else "mp4"]


@pytest.mark.parametrize(("form", "ext"), [("webm", "webm"), ("matroska", "mkv"), ("avi", "avi")])
def test_other_containers_go_by_their_tracks_too(form: str, ext: str, tmp_path: Path) -> None:
    """A browser records a voice as WebM."""
    sound = container(tmp_path / "a", form, picture=False, sound=True)
    film = container(tmp_path / "b", form, picture=True, sound=ext != "webm")
    assert inspect_file(sound) == AUDIO_ONLY[ext]
    assert inspect_file(film) == ACCEPTED[ext]


@pytest.mark.parametrize(("frames", "kind"), [(1, "audio"), (4, "video")])
def test_a_cover_is_not_a_film(frames: int, kind: str, tmp_path: Path) -> None:
    """A song with one picture is audio; a clip of an old camera, all JPEGs, is a video."""
    path = container(
        tmp_path / "song.mp4", "mp4", picture=True, sound=True, codec="mjpeg", frames=frames
    )
    content = path.read_bytes()
    path.write_bytes(content.replace(b"mp4v", b"jpeg", 1))
    assert inspect_file(path).kind == kind
    with opened_media(path) as opened:
        assert (picture_stream(opened) is not None) is (kind == "video")


def test_a_text_is_not_taken_for_a_picture(tmp_path: Path) -> None:
    """Its first letters may be those that another format begins with."""
    for text in ("BMW and Audi\n", "Good morning\n" * 40):
        (tmp_path / "a.txt").write_text(text)
        assert "holds text" in refusal(tmp_path / "a.txt")


def test_a_container_of_nothing_is_refused(tmp_path: Path) -> None:
    """Neither pictures nor sound: a render would fail after it was paid for."""
    box = (8).to_bytes(4, "big")
    mvhd = (108).to_bytes(4, "big") + b"mvhd" + bytes(12) + (1000).to_bytes(4, "big") + bytes(84)
    moov = (8 + len(mvhd)).to_bytes(4, "big") + b"moov" + mvhd
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + moov + box + b"mdat")
    assert "neither" in refusal(tmp_path / "a.mp4")


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    """As a recorder leaves it that was stopped at once."""
    assert "no sound in it" in refusal(CASES / "empty.wav")
    (tmp_path / "tag.mp3").write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10))
    assert "no sound in it" in refusal(tmp_path / "tag.mp3")


def test_a_wav_from_a_pipe_is_taken(tmp_path: Path) -> None:
    """Its header tells no length; the samples behind it count."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(3_200))
    content = bytearray(file.getvalue())
    for size in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):
        content[4:8] = content[40:44] = size
        (tmp_path / "a.wav").write_bytes(content)
        assert inspect_file(tmp_path / "a.wav") == ACCEPTED["wav"]


@pytest.mark.parametrize("rate", [1, 352_329_536])
def test_a_rate_that_nobody_hears_is_refused(rate: int, tmp_path: Path) -> None:
    """Converting such a sound would take for ever."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(bytes(3_200))
    (tmp_path / "a.wav").write_bytes(file.getvalue())
    assert "nothing in it can be played" in refusal(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_off_is_refused(kind: str, share: float, tmp_path: Path) -> None:
    """A download that broke off, whatever the format."""
    path = tmp_path / "photo"
    Image.effect_noise((200, 150), 90).save(path, kind)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "cut off" in refusal(path)


def test_a_cut_clip_and_a_cut_photograph_are_refused(tmp_path: Path) -> None:
    """The end of a file shows it, before anything is decoded."""
    assert "cut off" in refusal(CASES / "truncated.jpg")
    for name in ("phone_hlg.mov", "rotmirror.mp4", "recorder_mp42.m4a"):
        (tmp_path / name).write_bytes((CASES / name).read_bytes()[:-100])
        assert "cut off" in refusal(tmp_path / name)


def test_a_camera_may_write_behind_the_last_box(tmp_path: Path) -> None:
    """Some action cameras and phones leave data of their own at the end of a clip."""
    content = (CASES / "rotmirror.mp4").read_bytes()
    (tmp_path / "clip.mp4").write_bytes(content + b"\0\0\0\1\0\0\0\0" + bytes(range(200)))
    assert inspect_file(tmp_path / "clip.mp4") == ACCEPTED["mp4"]


def test_a_phones_photograph_is_a_still() -> None:
    """A JPEG with a gain map behind it is one picture, and taken as it is."""
    assert inspect_file(CASES / "phone_gainmap.jpg") == ACCEPTED["jpg"]


def test_a_picture_of_too_many_pixels_tells_the_true_reason(tmp_path: Path) -> None:
    """Not its size in bytes, which is small."""
    Image.new("1", (9248, 6944)).save(tmp_path / "huge.png")
    reason = refusal(tmp_path / "huge.png")
    assert reason.startswith("it has 9248 x 6944 pixels (64 million); at most 50 million")
    assert "MB" not in reason
    Image.new("1", (12_000, 10_000)).save(tmp_path / "larger.png")
    with pytest.raises(TooManyPixels, match=r"larger\.png: it has too many pixels"):
        inspect_file(tmp_path / "larger.png")


def test_200_mb_are_told_only_above_200_mb(tmp_path: Path) -> None:
    """The limit of the service, with what to do."""
    with (tmp_path / "a.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(200 * 1024 * 1024 + 1)
    assert "at most 200 MB a file: compress it or trim it" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_damaged_picture_is_refused(kind: str, tmp_path: Path) -> None:
    """Complete by its structure, and impossible to decode."""
    path = tmp_path / "photo"
    Image.effect_noise((90, 80), 90).save(path, kind)
    content = bytearray(path.read_bytes())
    if kind == "JPEG":
        at = content.index(b"\xff\xc4")
        content[at + 4 : at + 24] = b"\xff\x00" * 10
    elif kind == "GIF":
        content[content.index(b"\x2c") + 10] = 0x7F
    else:
        middle = len(content) // 2
        content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    try:
        reason = refusal(path)
    except pytest.fail.Exception:
        assert kind in ("WEBP", "GIF")  # their decoders conceal damage in the data
        return
    assert "damaged" in reason or "cut off" in reason


def test_a_damaged_animation_is_refused(tmp_path: Path) -> None:
    """Each frame is decoded, not only the first."""
    frames = [Image.effect_noise((60, 40), 80).convert("RGB") for _ in range(3)]
    path = tmp_path / "a.png"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    content = bytearray(path.read_bytes())
    last = content.rindex(b"fdAT")
    content[last + 20 : last + 400] = bytes(380)
    path.write_bytes(content)
    assert "damaged" in refusal(path)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of these chunks and an end."""
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_broken_exif_does_not_spoil_a_picture(tmp_path: Path) -> None:
    """It is taken for upright, when it is examined and when it is rendered."""
    header = struct.pack(">IIBBBBB", 4, 3, 8, 0, 0, 0, 0)
    rows = (b"IDAT", zlib.compress(bytes(5) * 3))
    path = tmp_path / "a.png"
    path.write_bytes(png((b"IHDR", header), (b"eXIf", b"II*\0\xff\xff"), rows))
    assert inspect_file(path).ext == "png"
    assert open_image(path).size == (4, 3)
    Image.new("RGB", (4, 3)).save(tmp_path / "a.webp", exif=b"Exif\0\0" + b"x" * 30)
    assert inspect_file(tmp_path / "a.webp").ext == "webp"
    assert open_image(tmp_path / "a.webp").size == (4, 3)


def test_a_palette_picture_without_a_palette_is_refused(tmp_path: Path) -> None:
    """It decodes, and then has no colours."""
    header = struct.pack(">IIBBBBB", 4, 3, 8, 3, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(png((b"IHDR", header), (b"IDAT", zlib.compress(bytes(5) * 3))))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    ("code", "word"), [(b"encv", "protected"), (b"zzzz", "pictures are of a kind")]
)
def test_a_clip_whose_sound_alone_can_be_decoded_is_refused(
    code: bytes, word: str, tmp_path: Path
) -> None:
    """Its render would fail; encrypted tracks are called so."""
    path = container(tmp_path / "a.mp4", "mp4", picture=True, sound=True)
    # Without its decoder's settings, whose kind alone would tell the codec.
    changed = path.read_bytes().replace(b"mp4v", code).replace(b"esds", b"free", 1)
    path.write_bytes(changed)
    assert word in refusal(path)


def test_sound_of_channels_that_nobody_can_mix_is_refused(tmp_path: Path) -> None:
    """It decodes, but it cannot be made into stereo."""
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(99)
        sound.setsampwidth(2)
        sound.setframerate(44_100)
        sound.writeframes(bytes(99 * 2 * 100))
    assert "cannot be decoded" in refusal(tmp_path / "a.wav")


OTHERS = {
    "a.bmp": (b"BM" + bytes(60), "export it as JPG"),
    "raw.dng": (b"II*\0" + bytes(60), "raw"),
    "page.pdf": (b"%PDF-1.7\n", "export its pages"),
    "site.jpg": (b"<!DOCTYPE html><html><body>403</body></html>", "web page"),
    "logo.svg": (b'<?xml version="1.0"?>\n<svg xmlns="x"></svg>', "SVG"),
    "deck.pptx": (b"PK\x03\x04" + bytes(30), "office document"),
    "old.wmv": (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(30), "Windows Media"),
    "a.flac": (b"fLaC" + bytes(30), "FLAC"),
    "a.ogg": (b"OggS" + bytes(30), "Ogg"),
    "camera.mts": (b"G" + bytes(187) + b"G" + bytes(187), "transport stream"),
    "camcorder.mts": ((bytes(4) + b"G" + bytes(187)) * 2, "transport stream"),
    "canon.cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(60), "camera's raw file"),
    "IMG_1.AAE": (b'<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "x">', "leave it out"),
    "lfs.jpg": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "pasted.jpg": (b"data:image/jpeg;base64,/9j/4AAQ", "base64"),
    "a.emf": (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(40), "export it as PNG"),
    "a.jxl": (b"\xff\x0a" + bytes(30), "JPEG XL"),
    "notes.txt": ("Größe".encode() * 300, "holds text"),
    "noise.bin": (b"\x01\x02\x03\xfe" * 50, "something else"),
    "zeros.jpg": (bytes(5_000), "only zeros"),
    "page.jpg": (b"<!-- saved from url -->\n<!DOCTYPE html><html></html>", "web page"),
    "drawn.svg": (b"<?xml version='1.0'?><!--" + b"x" * 1_500 + b"--><svg/>", "SVG"),
    "a.jpg.lnk": (b"L\0\0\0\1\x14\2\0" + bytes(60), "a shortcut"),
    "a.x3f": (b"FOVb" + bytes(60), "camera's raw file"),
    "nothing.zip": (b"PK\x05\x06" + bytes(18), "empty ZIP"),
    "a.mxf": (b"\x06\x0e\x2b\x34\2\5\1\1" + bytes(60), "MXF"),
    "._a.jpg": (b"\0\5\x16\7" + bytes(40), "leave it out"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_each_other_format_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    """What the file is, and what to do with it."""
    content, word = OTHERS[name]
    (tmp_path / "file").write_bytes(content)
    assert word in refusal(tmp_path / "file", name)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """It is named, and said to be empty."""
    (tmp_path / "a.jpg").touch()
    assert "empty" in refusal(tmp_path / "a.jpg")


def test_a_heic_that_cannot_be_read_is_explained() -> None:
    """With the extra or without, the sentence says what it is and what to do."""
    reason = refusal(CASES / "IMG_0001.HEIC")
    assert reason.startswith("HEIC, as iPhones write it: export it as JPG, ")


@pytest.mark.parametrize("ext", ["heic", "avif"])
def test_half_of_a_heic_or_avif_is_cut_off(ext: str, tmp_path: Path) -> None:
    """As a phone leaves one whose copy was interrupted; what stands behind the boxes is its own."""
    whole = (CASES / f"turned_p3.{ext}").read_bytes()
    half = tmp_path / f"half.{ext}"
    half.write_bytes(whole[: len(whole) // 2])
    assert "cut off" in refusal(half)
    assert is_whole(CASES / f"turned_p3.{ext}", ext)
    (tmp_path / "more").write_bytes(whole + b"SEFT" * 10)
    assert is_whole(tmp_path / "more", ext)


def test_heic_and_avif_can_be_converted_where_their_reader_is() -> None:
    """A picture that can be converted has a type of its own; else both ways are told."""
    for ext in ("heic", "avif"):
        path = CASES / f"turned_p3.{ext}"
        if ext == "heic" and importlib.util.find_spec("pillow_heif") is None:
            assert refusal(path).endswith("export it as JPG, or install nemovideo-nodes[heif]")
        else:
            assert inspect_file(path) == CONVERTIBLE[ext]


def test_without_the_extras_structure_alone_decides(tmp_path: Path) -> None:
    """Neither Pillow nor PyAV nor numpy is needed to tell types, cut files and empty ones."""
    for name in ("truncated.jpg", "recorder_mp42.m4a", "empty.wav", "turned_p3.heic"):
        shutil.copy(CASES / name, tmp_path)
    code = f"""
import importlib.util, sys
from pathlib import Path
find = importlib.util.find_spec
hidden = ("av", "numpy", "PIL", "pillow_heif")
importlib.util.find_spec = lambda name, *rest: None if name in hidden else find(name, *rest)
from nemovideo_nodes.media.inspect import inspect_file
from nemovideo_nodes.errors import BadInput
for path in sorted(Path({str(tmp_path)!r}).iterdir()):
    try:
        print(inspect_file(path).ext)
    except BadInput as error:
        print(error.sentence)
assert not any(name in sys.modules for name in hidden)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    wav, memo, photo, heic = done.stdout.splitlines()
    assert "no sound in it" in wav
    assert memo == "m4a"
    assert "cut off" in photo
    assert heic.endswith("export it as JPG, or install nemovideo-nodes[heif]")

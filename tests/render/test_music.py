"""The music never clips, has no seam, fades, and is as loud as asked."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.music import blocks
from nemovideo_nodes.render.scores import STYLES, loop, style_of
from nemovideo_nodes.render.sound import loudness as lufs
from nemovideo_nodes.render.timeline import Music, Shot, Timeline

RATE = 48_000


def sound(*music: Music, duration: int = 4_000) -> NDArray[np.float32]:
    timeline = Timeline(90, 160, duration, (Shot(None, 0, duration),), music=music)
    return np.concatenate(list(blocks(timeline)), axis=1)


def loudness(wave: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_audible_and_never_clips(style: str) -> None:
    """Every style is stereo, about as loud as the others, and stays under full scale."""
    wave = loop(style)
    assert wave.shape[0] == 2
    assert np.abs(wave).max() < 0.97
    assert 0.12 < loudness(wave) < 0.25
    assert np.abs(wave[0] - wave[1]).max() > 0.01


@pytest.mark.parametrize("style", STYLES)
def test_a_loop_has_no_seam(style: str) -> None:
    """The step from the last sample to the first is no larger than steps elsewhere."""
    wave = loop(style).astype(np.float64)
    steps = np.abs(np.diff(wave, axis=1))
    assert np.abs(wave[:, 0] - wave[:, -1]).max() <= steps.max()


def test_styles_differ() -> None:
    """No two styles are the same piece."""
    starts = [loop(style)[0, : 2 * RATE] for style in STYLES]
    for index, start in enumerate(starts):
        for other in starts[index + 1 :]:
            assert abs(float(np.corrcoef(start, other)[0, 1])) < 0.5


@pytest.mark.parametrize(
    ("words", "style"),
    [
        ("Lo-fi", "lofi"),
        ("upbeat", "upbeat"),
        ("Happy pop tune", "upbeat"),
        ("ambient", "calm"),
        ("Epic trailer", "cinematic"),
        ("", "lofi"),
        ("轻音乐", "lofi"),
    ],
)
def test_words_choose_a_style(words: str, style: str) -> None:
    """Names and styles in common words find their style; unknown ones get lofi."""
    assert style_of(words) == style


def test_the_sound_is_exactly_as_long_as_the_film() -> None:
    """48 samples for each millisecond."""
    assert sound(Music("calm", 0, 3_333), duration=3_333).shape == (2, 3_333 * 48)


def test_the_volume_scales_the_sound() -> None:
    """Half the usual volume is half the amplitude, full volume is louder, and 0 is silence."""
    usual, half = sound(Music("lofi", 0, 4_000, 0.3)), sound(Music("lofi", 0, 4_000, 0.15))
    assert np.allclose(half * 2, usual, atol=0.02)
    assert loudness(sound(Music("lofi", 0, 4_000, 1.0))) > 1.5 * loudness(usual)
    assert not sound(Music("lofi", 0, 4_000, 0.0)).any()


def test_music_fades_in_and_out() -> None:
    """The first and last hundredth of a second are nearly silent."""
    wave = sound(Music("upbeat", 0, 4_000, 1.0))
    assert np.abs(wave[:, :480]).max() < 0.02
    assert np.abs(wave[:, -480:]).max() < 0.02


def test_music_plays_only_while_it_is_asked_for() -> None:
    """Before its start and after its end there is silence."""
    wave = sound(Music("upbeat", 1_000, 2_000, 1.0))
    assert not wave[:, : RATE - 1].any()
    assert not wave[:, 3 * RATE + 1 :].any()
    assert loudness(wave[:, int(1.5 * RATE) : 2 * RATE]) > 0.05


def test_two_pieces_at_once_do_not_clip() -> None:
    """The sum is kept within full scale."""
    wave = sound(Music("upbeat", 0, 4_000, 1.0), Music("cinematic", 0, 4_000, 1.0))
    assert np.abs(wave).max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_a_film_is_as_loud_as_the_platforms_want(style: str) -> None:
    """At the usual volume it has -14 LUFS, and no sample comes near full scale, at any volume."""
    usual = sound(Music(style, 0, 12_000), duration=12_000)
    assert lufs([usual]) == pytest.approx(-14, abs=1)
    assert np.abs(usual).max() < 0.9
    assert np.abs(sound(Music(style, 0, 12_000, 1.0), duration=12_000)).max() < 0.9


def recording(path: Path, seconds: float, hertz: float, size: float) -> Path:
    """A WAV of one tone, mono at 44.1 kHz."""
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=44_100, layout="mono")
        time = np.arange(round(seconds * 44_100)) / 44_100
        wave = (32_767 * size * np.sin(2 * np.pi * hertz * time)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


@pytest.mark.parametrize("size", [0.02, 0.9])
def test_a_recording_plays_as_loud_as_any_music(size: float, tmp_path: Path) -> None:
    """A soft and a loud one come out alike, and begin again where they end too soon."""
    path = recording(tmp_path / "song.wav", 1.5, 440, size)
    wave = sound(Music("", 0, 5_000, source=path), duration=5_000)
    assert lufs([wave]) == pytest.approx(-14, abs=1)
    last = wave[0, 3 * RATE : 3 * RATE + 24_000]
    assert np.abs(np.fft.rfft(last)).argmax() == pytest.approx(220, abs=1)


def clip(path: Path, late: float = 0.0, tones: int | None = 1) -> Path:
    """Two seconds of grey; a tone of 440 Hz for so many, from `late` on; None: no track."""
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("libx264", rate=10)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        audio = (
            container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
            if tones is not None
            else None
        )
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((48, 32), 128, np.uint8), format="yuv420p")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio and tones:
            time = np.arange(RATE * tones) / RATE
            wave = (6_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
            sound = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None, :], "s16", "stereo")
            sound.sample_rate, sound.pts = RATE, round(late * RATE)
            container.mux([*audio.encode(sound), *audio.encode(None)])
    return path


def seconds(wave: NDArray[np.float32]) -> list[float]:
    """How loud each second is."""
    return [loudness(wave[:, at : at + RATE]) for at in range(0, wave.shape[1], RATE)]


def test_a_clip_is_heard_as_it_is_seen(tmp_path: Path) -> None:
    """While its shot lasts, in step with its pictures when these begin again; then no more."""
    shots = (
        Shot(None, 0, 1_000),
        Shot(clip(tmp_path / "c.mkv"), 1_000, 4_000),
        Shot(None, 5_000, 1_000),
    )
    timeline = Timeline(90, 160, 6_000, shots)
    heard = seconds(np.concatenate(list(blocks(timeline)), axis=1))
    assert [loud > 0.05 for loud in heard] == [False, True, False, True, False, False]
    assert not any(
        seconds(np.concatenate(list(blocks(replace(timeline, silent_clips=True))), axis=1))
    )


def test_a_clips_sound_may_begin_late(tmp_path: Path) -> None:
    """Silence stands before it, as in the clip itself."""
    shots = (Shot(clip(tmp_path / "c.mkv", late=0.5), 0, 2_000),)
    wave = np.concatenate(list(blocks(Timeline(90, 160, 2_000, shots))), axis=1)
    assert np.flatnonzero(np.abs(wave[0]) > 0.02)[0] / RATE == pytest.approx(0.5, abs=0.03)


def test_music_goes_before_a_clips_own_sound(tmp_path: Path) -> None:
    """Under music it is softer, and a clip without sound is only seen."""
    path = clip(tmp_path / "c.mkv")
    alone, under = (
        np.concatenate(
            list(blocks(Timeline(90, 160, 1_000, (Shot(path, 0, 1_000),), music=music))), axis=1
        )
        for music in ((), (Music("calm", 0, 1_000, 0.0),))
    )
    assert 0.3 < loudness(under) / loudness(alone) < 0.5


@pytest.mark.parametrize("tones", [0, None])
def test_a_clip_without_sound_is_only_seen(tones: int | None, tmp_path: Path) -> None:
    """Whether it has no track of sound, or an empty one as recordings of a screen have it."""
    shot = Shot(clip(tmp_path / "c.mkv", tones=tones), 0, 1_000)
    assert not any(block.any() for block in blocks(Timeline(90, 160, 1_000, (shot,))))


def test_what_has_no_sound_is_refused(tmp_path: Path) -> None:
    """A file that is broken, or of a type that nobody knows, is named in a sentence."""
    (tmp_path / "song.mp3").write_bytes(b"ID3 nothing at all")
    (tmp_path / "song.txt").write_bytes(b"#EXTM3U")
    for name in ("song.mp3", "song.txt"):
        with pytest.raises(BadInput, match=name):
            sound(Music("", 0, 1_000, source=tmp_path / name))


def test_no_music_is_silence() -> None:
    """A film without music still has sound, all zero."""
    assert not sound().any()

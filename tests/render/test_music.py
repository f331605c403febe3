"""The music never clips, has no seam, fades, and is as loud as asked."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nemovideo_nodes.render.music import blocks
from nemovideo_nodes.render.scores import STYLES, loop, style_of
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
    """Half the volume is half the amplitude, and 0 is silence."""
    full, half = sound(Music("lofi", 0, 4_000, 1.0)), sound(Music("lofi", 0, 4_000, 0.5))
    assert np.allclose(half * 2, full, atol=1e-6)
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


def test_no_music_is_silence() -> None:
    """A film without music still has sound, all zero."""
    assert not sound().any()

"""The bench's film made by moviepy, in an environment of its own: it wants an older Pillow.

    python tests/bench/moviepy_clip.py FILM.json

FILM.json is what `render.py` writes. It prints wall and CPU seconds (those of moviepy's ffmpeg as
well) and the peak memory in MB as JSON.
"""

import json
import os
import resource
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from moviepy import AudioFileClip, CompositeVideoClip, ImageClip, TextClip, vfx
from PIL import Image, ImageOps


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        film = json.load(file)
    started = time.perf_counter()
    width, height, fade = film["width"], film["height"], film["fade"]
    each = film["seconds"] / len(film["photos"])
    layers = []
    for number, photo in enumerate(film["photos"]):
        # Cut to the frame once, beforehand: enlarging a whole photograph each time is slower still.
        with Image.open(photo) as image:
            fitted = ImageOps.fit(image.convert("RGB"), (width, height))
        clip = ImageClip(np.asarray(fitted)).with_duration(each + fade)
        clip = clip.resized(lambda t: 1 + 0.02 * t).with_position("center")
        clip = clip.with_start(number * each)
        layers.append(clip.with_effects([vfx.CrossFadeIn(fade)]) if number else clip)
    title = TextClip(font=film["font"], text=film["title"], font_size=90, color="white",
                     stroke_color="black", stroke_width=4, margin=(20, 20))  # fmt: skip
    layers.append(title.with_duration(3).with_position(("center", height // 5)))
    whole = CompositeVideoClip(layers, size=(width, height)).with_duration(film["seconds"])
    whole = whole.with_audio(AudioFileClip(film["sound"]).with_duration(film["seconds"]))
    whole.write_videofile(film["out"], fps=film["fps"], codec="libx264", audio_codec="aac",
                          threads=2, logger=None)  # fmt: skip
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    peak = (own.ru_maxrss + children.ru_maxrss) / 1024
    print(json.dumps({"wall": time.perf_counter() - started, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main(sys.argv[1])

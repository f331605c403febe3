"""Makes the bundled fonts again, each cut down to what titles need.

    python tests/long/subset_font.py NotoSansCJK-Bold.ttc FOLDER
    python tests/long/subset_font.py NotoSansArabic-Bold.ttf FOLDER

The first is Noto Sans CJK SC Bold with GB 2312, Latin and kana (Debian's fonts-noto-cjk, about
20 s); of the second kind are those in `SCRIPTS` (fonts-noto-core), which keep the tables that
letters are shaped by. Needs fonttools and brotli.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

RANGES = (
    (0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2028), (0x2030, 0x203C), (0x2190, 0x2194),
    (0x3000, 0x3018), (0x3040, 0x3100), (0xFF01, 0xFF5F),
)  # fmt: skip
SINGLE = (0x20AC, 0x2116, 0x2122, 0x2212, 0xFFE5)
SCRIPTS = {
    "NotoSans-Bold": ((0x20, 0x7F), (0xA0, 0x530), (0x1E00, 0x2040), (0x20A0, 0x20C0)),
    "NotoSansArabic-Bold": ((0x20, 0x21), (0x600, 0x700), (0xFD3E, 0xFD40), (0xFDFC, 0xFDFD)),
    "NotoSansHebrew-Bold": ((0x20, 0x21), (0x591, 0x5F5), (0x20AA, 0x20AB), (0xFB1D, 0xFB50)),
    "NotoSansThai-Bold": ((0x20, 0x21), (0xE01, 0xE5C), (0x25CC, 0x25CD)),
    "NotoSansDevanagari-Bold": ((0x20, 0x21), (0x900, 0x980), (0x20B9, 0x20BA), (0x25CC, 0x25CD)),
}
INVISIBLE = (0xA0, 0x200C, 0x200D, 0x200E, 0x200F)
DROPPED = ["vhea", "vmtx", "VORG", "BASE", "GSUB", "GPOS", "DSIG"]


def wanted() -> set[int]:
    """The code points to keep."""
    points = {point for first, end in RANGES for point in range(first, end)}.union(SINGLE)
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            points.update(map(ord, bytes((row, cell)).decode("gb2312", errors="ignore")))
    return points


def chinese(source: Path, out: Path) -> None:
    faces = TTCollection(str(source)).fonts
    face = next(f for f in faces if f["name"].getDebugName(4) == "Noto Sans CJK SC Bold")
    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=[], drop_tables=DROPPED, name_IDs=["*"]
    )
    cut_down(face, wanted(), options, out / "NotoSansSC-Bold.woff2")


def script(source: Path, out: Path) -> None:
    points = {n for first, end in SCRIPTS[source.stem] for n in range(first, end)}
    options = subset.Options(
        flavor="woff2",
        hinting=False,
        layout_features=["*"],
        drop_tables=["DSIG"],
        name_IDs=["*"],
    )
    cut_down(TTFont(source), points.union(INVISIBLE), options, out / f"{source.stem}.woff2")


def cut_down(face: TTFont, points: set[int], options: subset.Options, out: Path) -> None:
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(face)
    subset.save_font(face, str(out), options)


def main(source: Path, out: Path) -> None:
    (script if source.stem in SCRIPTS else chinese)(source, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

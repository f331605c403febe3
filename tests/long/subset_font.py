"""Makes the bundled font again: Noto Sans CJK SC Bold cut down to GB 2312, Latin and kana.

    python tests/long/subset_font.py NotoSansCJK-Bold.ttc OUT.woff2

Needs fonttools and brotli; the source is the Debian package fonts-noto-cjk. About 20 s.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

RANGES = (
    (0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2028), (0x2030, 0x203C), (0x2190, 0x2194),
    (0x3000, 0x3018), (0x3040, 0x3100), (0xFF01, 0xFF5F),
)  # fmt: skip
SINGLE = (0x20AC, 0x2116, 0x2122, 0x2212, 0xFFE5)
DROPPED = ["vhea", "vmtx", "VORG", "BASE", "GSUB", "GPOS", "DSIG"]


def wanted() -> set[int]:
    """The code points to keep."""
    points = {point for first, end in RANGES for point in range(first, end)}.union(SINGLE)
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            points.update(map(ord, bytes((row, cell)).decode("gb2312", errors="ignore")))
    return points


def main(source: Path, out: Path) -> None:
    faces = TTCollection(str(source)).fonts
    face = next(f for f in faces if f["name"].getDebugName(4) == "Noto Sans CJK SC Bold")
    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=[], drop_tables=DROPPED, name_IDs=["*"]
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(face)
    subset.save_font(face, str(out), options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""How ratings went, as a picture."""

import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from toprung.domain.moment import MICROSECONDS_PER_DAY, to_datetime

WIDTH: Final = 1_000
HEIGHT: Final = 420
_MARGIN_LEFT: Final = 84
_MARGIN: Final = 24
_MARGIN_BOTTOM: Final = 48
_BACKGROUND: Final = "#1f2125"
_GRID: Final = "#3a3d44"
_TEXT: Final = "#b5bac1"
LINE_COLOURS: Final = ("#f2c14e", "#5aa9e6", "#7fc96b", "#e4717a", "#b58ade", "#f08a4b")
_STEPS: Final = (10, 20, 25, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000, 1_000_000)
_LINES_WANTED_MAX: Final = 6
_SHORT_DAYS: Final = 3

Line = Sequence[tuple[int, int]]
"""Moments and the MMR from then on, the oldest first."""


def rating_graph(lines: Sequence[tuple[str, Line]]) -> bytes | None:
    """A PNG of `WIDTH` by `HEIGHT` pixels with a stepped line for each named history; None without two points to join.

    At most as many lines as there are colours are drawn.
    """
    shown = [(name, line) for name, line in lines if len(line) > 1][: len(LINE_COLOURS)]
    if not shown:
        return None
    moments = [moment for _, line in shown for moment, _ in line]
    values = [mmr for _, line in shown for _, mmr in line]
    first, last = min(moments), max(max(moments), min(moments) + 1)
    step = next((step for step in _STEPS if (max(values) - min(values)) / step < _LINES_WANTED_MAX), _STEPS[-1])
    low = min(values) // step * step
    high = max(-(-max(values) // step) * step, low + step)
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(22)

    def x(moment: int) -> float:
        return _MARGIN_LEFT + (moment - first) / (last - first) * (WIDTH - _MARGIN_LEFT - _MARGIN)

    def y(mmr: int) -> float:
        return HEIGHT - _MARGIN_BOTTOM - (mmr - low) / (high - low) * (HEIGHT - _MARGIN - _MARGIN_BOTTOM)

    for value in range(low, high + 1, step):
        draw.line((_MARGIN_LEFT, y(value), WIDTH - _MARGIN, y(value)), fill=_GRID)
        draw.text((_MARGIN_LEFT - 12, y(value)), str(value), fill=_TEXT, font=font, anchor="rm")
    is_short = last - first < _SHORT_DAYS * MICROSECONDS_PER_DAY
    for place, anchor in ((0.0, "ls"), (0.5, "ms"), (1.0, "rs")):
        day = to_datetime(first) + place * timedelta(microseconds=last - first)
        where = _MARGIN_LEFT + place * (WIDTH - _MARGIN_LEFT - _MARGIN)
        draw.text(
            (where, HEIGHT - 14),
            f"{day:%m-%d %H:%M}" if is_short else f"{day:%Y-%m-%d}",
            fill=_TEXT,
            font=font,
            anchor=anchor,
        )
    for (_, line), colour in zip(shown, LINE_COLOURS, strict=False):
        points: list[tuple[float, float]] = []
        for moment, mmr in line:
            if points:
                points.append((x(moment), points[-1][1]))
            points.append((x(moment), y(mmr)))
        draw.line(points, fill=colour, width=3, joint="curve")
        draw.circle(points[-1], 5, fill=colour)
    _draw_legend(draw, [name for name, _ in shown], font)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _draw_legend(
    draw: ImageDraw.ImageDraw, names: Sequence[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> None:
    left = float(_MARGIN_LEFT + 12)
    for name, colour in zip(names, LINE_COLOURS, strict=False):
        draw.rectangle((left, _MARGIN - 8, left + 18, _MARGIN + 10), fill=colour)
        draw.text((left + 26, _MARGIN), name, fill=_TEXT, font=font, anchor="lm")
        left += 26 + draw.textlength(name, font=font) + 28

"""Line chart over steps as a self-contained SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 400, 62, 190, 44, 44
_INKS = (
    "#1b5e8c",
    "#c05a2b",
    "#3d8b5f",
    "#7a4fa0",
    "#8c8c8c",
    "#b8912f",
    "#2f9fb8",
    "#b83a6b",
    "#5b6b1b",
    "#222222",
)


def lines(title: str, across: str, series: Mapping[str, Sequence[float]], *, log: bool) -> str:
    """Return an SVG with one line per series, at x = 0, 1, 2, ...

    Args:
        title: title with its unit.
        across: label of the x axis.
        series: at most ten; on a logarithmic axis values that are not positive are left out.
        log: whether the y axis is logarithmic.
    """
    return _drawn(title, across, _logged(series, log=log), log=log)


def curves(title: str, across: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return an SVG with one line per series of ``(x, y)``, x from 0.

    Args:
        title: title with its unit.
        across: label of the x axis.
        series: at most ten.
    """
    return _drawn(title, across, series, log=False)


def _logged(
    series: Mapping[str, Sequence[float]], *, log: bool
) -> dict[str, list[tuple[float, float]]]:
    return {
        name: [(x, math.log10(y) if log else y) for x, y in enumerate(values) if y > 0 or not log]
        for name, values in series.items()
    }


def _drawn(
    title: str, across: str, kept: Mapping[str, Sequence[tuple[float, float]]], *, log: bool
) -> str:
    heights = [y for points in kept.values() for _, y in points]
    low, high = min(heights), max(heights)
    last = max(x for points in kept.values() for x, _ in points) or 1
    span = (high - low) or 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        right = _LEFT + x / last * (_WIDTH - _LEFT - _RIGHT)
        return right, _HEIGHT - _BOTTOM - (y - low) / span * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}">0</text>',
        f'<text x="{_WIDTH - _RIGHT - 90}" y="{_HEIGHT - 10}">{escape(across)} {last:g}</text>',
    ]
    for fraction in (0, 0.25, 0.5, 0.75, 1):
        value = low + fraction * span
        _, y = at(0, value)
        shown = f"{10**value:.2g}" if log else f"{value:.2g}"
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>'
        )
    for number, (name, points) in enumerate(kept.items()):
        ink = _INKS[number % len(_INKS)]
        path = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in points)
        top = _TOP + 20 * number
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="2"/>'
            f'<rect x="{_WIDTH - _RIGHT + 14}" y="{top}" width="12" height="4" fill="{ink}"/>'
            f'<text x="{_WIDTH - _RIGHT + 32}" y="{top + 6}">{escape(name)}</text>'
        )
    return "".join([*parts, "</svg>\n"])

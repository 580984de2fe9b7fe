"""Bar chart with a logarithmic axis as a self-contained SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _ROW, _LEFT, _RIGHT = 760, 44, 170, 90
_INKS = ("#1b5e8c", "#6aa5c9", "#c6dbe8")


def bars(
    title: str, unit: str, series: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]
) -> str:
    """Return an SVG with a group of bars per row.

    Args:
        title: title of the chart.
        unit: unit of every value.
        series: the name of each bar in a group, at most three.
        rows: a name and its positive values, one per series.
    """
    values = [max(value, 1e-3) for _, row in rows for value in row]
    low, high = math.log10(min(values)) - 0.3, math.log10(max(values))
    scale = (_WIDTH - _LEFT - _RIGHT) / max(high - low, 0.1)
    height = 70 + _ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>',
    ]
    for i, name in enumerate(series):
        parts.append(
            f'<rect x="{_LEFT + 90 * i}" y="34" width="10" height="10" fill="{_INKS[i]}"/>'
        )
        parts.append(f'<text x="{_LEFT + 90 * i + 15}" y="43">{escape(name)}</text>')
    for number, (name, row) in enumerate(rows):
        top = 58 + _ROW * number
        parts.append(
            f'<text x="{_LEFT - 10}" y="{top + 18}" text-anchor="end">{escape(name)}</text>'
        )
        for i, value in enumerate(row):
            long = max(1.0, (math.log10(max(value, 1e-3)) - low) * scale)
            y = top + 12 * i
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{long:.1f}" height="10" fill="{_INKS[i]}"/>'
            )
            parts.append(
                f'<text x="{_LEFT + long + 5:.1f}" y="{y + 9}">{value:g} {escape(unit)}</text>'
            )
    return "\n".join([*parts, "</svg>\n"])

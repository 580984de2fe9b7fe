"""Reliability: the probability of the best quotation against the share of those that answer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from corpus.model import Frozen
from eval.metrics import Score, wilson
from eval.suites.answers import Judged

BINS = 5
"""Bins of equal width from 0 to 1."""

_SIZE, _LEFT, _TOP, _HEIGHT, _WIDTH = 320, 60, 44, 420, 460


class Bin(Frozen):
    """Questions whose best quotation has a probability in one bin.

    ``mean`` is the mean probability, ``right`` the share whose quotation answers, with Wilson's
    interval.
    """

    mean: float
    right: Score


def bins(judged: Sequence[Judged]) -> list[Bin]:
    """Return the bins that hold a question, least probable first.

    Every question without an answer is one whose quotation does not answer.
    """
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for one in judged:
        if one.probability is not None:
            place = min(int(one.probability * BINS), BINS - 1)
            held[place].append((one.probability, one.best_answers))
    return [
        Bin(
            mean=sum(likely for likely, _ in some) / len(some),
            right=wilson(sum(answers for _, answers in some), len(some)),
        )
        for some in held
        if some
    ]


def reliability_plot(title: str, judged: Sequence[Judged]) -> str:
    """Return an SVG with a point and its interval for each bin, beside the diagonal."""
    (x0, y0), (x1, y1) = _at(0, 0), _at(1, 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="12" y="22" font-size="15">{escape(title)}</text>',
        f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{_LEFT + _SIZE / 2}" y="{_HEIGHT - 12}" text-anchor="middle">'
        "mean probability; number of questions beside each point</text>",
    ]
    parts += [_scale(n / 4) for n in range(5)]
    parts += [_point(one) for one in bins(judged)]
    return "".join([*parts, "</svg>\n"])


def _at(x: float, y: float) -> tuple[float, float]:
    return round(_LEFT + x * _SIZE, 1), round(_TOP + (1 - y) * _SIZE, 1)


def _scale(value: float) -> str:
    """Return a line across with its value, and the value on the axis below."""
    (left, y), (right, _), (below, base) = _at(0, value), _at(1, value), _at(value, 0)
    return (
        f'<line x1="{left}" x2="{right}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{value:g}</text>'
        f'<text x="{below}" y="{base + 16}" text-anchor="middle">{value:g}</text>'
    )


def _point(one: Bin) -> str:
    x, y = _at(one.mean, one.right.mean)
    _, low = _at(0, one.right.low)
    _, high = _at(0, one.right.high)
    return (
        f'<line x1="{x}" x2="{x}" y1="{low}" y2="{high}" stroke="#1b5e8c" stroke-width="2"/>'
        f'<circle cx="{x}" cy="{y}" r="4" fill="#1b5e8c"/>'
        f'<text x="{x + 8}" y="{y + 4}">{one.right.n}</text>'
    )

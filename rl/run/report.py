"""Report of a run as one self-contained HTML page: settings and metric curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rl.run.run_directory import Run

Point = tuple[float, float]
Series = Mapping[str, Sequence[Point]]

FIRST = (
    "reward",
    "rewards/temporal/mean",
    "rewards/task/mean",
    "dated",
    "outcome/correct",
    "outcome/abstained",
    "calls",
    "entropy",
    "clip_ratio/region_mean",
    "frac_reward_zero_std",
    "advantage/std",
    "sampling/gap",
    "grad_norm",
    "completions/mean_length",
    "void",
)
"""Metrics shown first, in this order."""
LEFT_OUT = frozenset({"step", "round", "epoch", "num_tokens"})
COLOURS = ("#1f5fa8", "#c0503c", "#3c8c4f", "#8658a5", "#b07d1e", "#4aa3a8")
WIDTH, HEIGHT, EDGE = 340, 150, 34
SMOOTHED = 10
"""Window of the running mean drawn over long curves; rounds differ in their questions."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1120px; margin: 2em auto; color: #222; }
figure { display: inline-block; margin: 0 10px 18px 0; }
figcaption { font-size: 13px; color: #444; }
svg { background: #fafafa; border: 1px solid #e3e3e3; }
svg text { font: 10px system-ui, sans-serif; fill: #666; }
table { border-collapse: collapse; } td { padding: 1px 14px 1px 0; vertical-align: top; }
pre { background: #fafafa; padding: 10px; font-size: 12px; overflow-x: auto; }
"""


def write_report(run: Run) -> Path:
    """Write ``report.html`` of a run and return its path."""
    facts = run.facts()
    rows = list(run.metrics.rows())
    head = {
        "started": f"{facts.started:%Y-%m-%d %H:%M} UTC",
        "steps": str(rows[-1]["step"]) if rows else "0",
        "seed": str(facts.seed),
        "questions": str(facts.questions),
        "corpus": facts.corpus_hash[:12],
        "commit": facts.commit,
        "made with": ", ".join(f"{name} {number}" for name, number in facts.versions.items()),
    }
    config = (run.folder / "config.toml").read_text(encoding="utf-8")
    body = (
        _table(head)
        + curves({run.name: rows})
        + f"<details><summary>config.toml</summary><pre>{escape(config)}</pre></details>"
    )
    run.report.write_text(page(run.name, body), encoding="utf-8")
    return run.report


def page(title: str, body: str) -> str:
    """Return a complete HTML page."""
    name = escape(title)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{name}</title>'
        f"<style>{STYLE}</style>\n<h1>{name}</h1>\n{body}\n</html>\n"
    )


def curves(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return one chart per metric, with a line per run."""
    found = {name for rows in runs.values() for row in rows for name in row} - LEFT_OUT
    order = [name for name in FIRST if name in found] + sorted(found - set(FIRST))
    charts = []
    for name in order:
        series = {title: points(rows, name) for title, rows in runs.items()}
        if any(series.values()):
            charts.append(chart(name, series))
    return "\n".join(charts)


def points(rows: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    """Return the ``(step, value)`` points of a metric."""
    return [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]


def chart(title: str, series: Series) -> str:
    """Return a line chart as HTML, with the newest values below it."""
    return (
        f"<figure>{drawing(title, series)}"
        f"<figcaption>{escape(title)}: {newest(series)}</figcaption></figure>"
    )


def newest(series: Series) -> str:
    """Return the last value of each line, in words."""
    return ", ".join(f"{line[-1][1]:.4g}" for line in series.values() if line)


def drawing(title: str, series: Series) -> str:
    """Return a line chart as SVG; long curves are faint, with their running mean on top."""
    every = [point for line in series.values() for point in line]
    last, low, high = max(x for x, _ in every), min(y for _, y in every), max(y for _, y in every)
    room = (high - low) or abs(high) or 1.0

    def at(point: Point) -> str:
        x = EDGE + (WIDTH - EDGE - 8) * point[0] / max(last, 1)
        y = HEIGHT - 18 - (HEIGHT - 30) * (point[1] - low) / room
        return f"{x:.1f},{y:.1f}"

    def drawn(name: str, colour: str, line: Sequence[Point], opacity: float = 1.0) -> str:
        return (
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.3" opacity="{opacity}"'
            f' points="{" ".join(map(at, line))}"><title>{escape(name)}</title></polyline>'
        )

    lines = ""
    for colour, (name, line) in zip(colours(len(series)), series.items(), strict=True):
        many = len(line) > 2 * SMOOTHED
        lines += drawn(name, colour, line, 0.25 if many else 1.0)
        lines += drawn(name, colour, smoothed(line), 1.0) if many else ""
    labels = (
        f'<text x="2" y="{HEIGHT - 18}">{low:.3g}</text><text x="2" y="14">{high:.3g}</text>'
        f'<text x="{WIDTH - 8}" y="{HEIGHT - 5}" text-anchor="end">step {last:g}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img"'
        f' aria-label="{escape(title)}">{lines}{labels}</svg>'
    )


def colours(count: int) -> list[str]:
    """Return the colours of the first lines of a chart."""
    return [COLOURS[n % len(COLOURS)] for n in range(count)]


def smoothed(line: Sequence[Point]) -> list[Point]:
    """Return the running mean of each point and the :data:`SMOOTHED` - 1 before it."""
    found = []
    for place, (step, _) in enumerate(line, start=1):
        some = [value for _, value in line[max(0, place - SMOOTHED) : place]]
        found.append((step, sum(some) / len(some)))
    return found


def _table(cells: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><td>{escape(k)}</td><td>{escape(v)}</td></tr>" for k, v in cells.items())
    return f"<table>{rows}</table>"

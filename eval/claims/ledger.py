"""The ledger of claims: one table of all systems, with Holm's correction over its rows.

Rows are in ``ledger.toml``. Each effect is copied from the page of findings that it names, and the
tests compare the two; ``inforce eval ledger`` writes the page.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

from pydantic import Field, model_validator

from corpus.model import Frozen
from eval.claims.student import p_value, quantile
from eval.claims.variances import Spread, moderated
from eval.claims.verdict import FEWEST, Effect

AIM = {"laboratory": 40, "agent": 12}
"""Seeds that a row should have, by setting."""
LEVEL = 0.05
"""Chance, over the whole table, that a row is called better or worse where nothing differs."""

_EFFECT = re.compile(r"([+-][\d.]+) \[([+-][\d.]+), ([+-][\d.]+)\]")


class LedgerRow(Frozen):
    """A claim about a system in one setting.

    Attributes:
        system: name of the system.
        paper: its arXiv number.
        claimed: what it is said to do.
        published: what its paper reports.
        setting: where it was measured here.
        measured: the measure.
        control: what it was compared with.
        effect: difference in percentage points with its 95 % interval, as on the page ``source``.
        n: seeds of the effect.
        source: page of findings that the effect was taken from.
        unmeasured: why there is no effect.
        command: repeats the measurement.
    """

    system: str
    paper: str
    claimed: str
    published: str
    setting: Literal["laboratory", "agent"]
    measured: str
    control: str
    effect: str | None = Field(default=None, pattern=_EFFECT.pattern)
    n: int | None = Field(default=None, ge=FEWEST)
    source: str | None = None
    unmeasured: str | None = None
    command: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> LedgerRow:
        given = [self.effect is not None, self.n is not None, self.source is not None]
        if any(given) != all(given) or all(given) == (self.unmeasured is not None):
            raise ValueError("a row has effect, n and source, or says why it is not measured")
        return self

    @property
    def measurement(self) -> Effect | None:
        """Return the effect as numbers, in percentage points."""
        if self.effect is None or self.n is None:
            return None
        found = _EFFECT.fullmatch(self.effect)
        assert found is not None
        mean, low, high = map(float, found.groups())
        return Effect(mean=mean, low=low, high=high, seeds=self.n)


class Judged(Frozen):
    """A row with its p-value before and after Holm's correction, and the verdict.

    Attributes:
        row: the claim and its measurement.
        p: two-sided p-value; null where there is no effect.
        corrected: the p-value corrected over the table.
        verdict: what the corrected p-value allows to say.
    """

    row: LedgerRow
    p: float | None
    corrected: float | None
    verdict: str


def ledger_rows() -> tuple[LedgerRow, ...]:
    """Return the rows of the ledger, in the order of the page."""
    text = (files("eval.claims") / "ledger.toml").read_text(encoding="utf-8")
    return tuple(LedgerRow.model_validate(row) for row in tomllib.loads(text)["row"])


def judged(rows: Sequence[LedgerRow]) -> list[Judged]:
    """Return the rows with p-values, corrected over all of them that are measured.

    Variances are moderated within each setting (:mod:`eval.claims.variances`).
    """
    raw = _p_values(rows)
    corrected = iter(holm([p for p in raw if p is not None]))
    return [
        _judged(row, p, None if p is None else next(corrected))
        for row, p in zip(rows, raw, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected by Holm's method, in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    found = [1.0] * len(p_values)
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = least
    return found


def _p_values(rows: Sequence[LedgerRow]) -> list[float | None]:
    found: list[float | None] = [None] * len(rows)
    for setting in AIM:
        own = [
            (place, row.measurement)
            for place, row in enumerate(rows)
            if row.setting == setting and row.measurement is not None
        ]
        spreads = moderated([_spread(effect) for _, effect in own])
        for (place, effect), spread in zip(own, spreads, strict=True):
            error = math.sqrt(spread.variance / effect.seeds)
            found[place] = p_value(effect.mean / error, spread.freedom)
    return found


def _spread(effect: Effect) -> Spread:
    """Return the variance of the differences between seeds, from the width of the interval."""
    error = (effect.high - effect.low) / 2 / quantile(0.95, effect.seeds - 1)
    return Spread(variance=error**2 * effect.seeds, freedom=effect.seeds - 1)


def _judged(row: LedgerRow, p: float | None, corrected: float | None) -> Judged:
    effect = row.measurement
    if effect is None or corrected is None:
        return Judged(row=row, p=None, corrected=None, verdict=f"not measured: {row.unmeasured}")
    if corrected >= LEVEL:
        verdict = "no difference shown"
    else:
        verdict = "better than its control" if effect.mean > 0 else "worse than its control"
    return Judged(row=row, p=p, corrected=corrected, verdict=verdict)


INTRODUCTION = """# The ledger of claims

What is claimed of each system, what its paper reports, and what was measured here against a
control. Written by `inforce eval ledger --to docs/claims.md` from `eval/claims/ledger.toml`; each
effect stands on the page of findings that is linked beside it, with its arms and curves.

*Setting*: the small simulated task (*laboratory*) or the legal agent with its smallest model
(*agent*). *n*: seeds. Effects are percentage points, method minus control, with 95 % intervals of
their own seeds. p is that of Student's t with variances pooled between the rows of a setting, as
far as they differ by chance (empirical Bayes, Smyth 2004), since a variance over three seeds is
often too small by chance. Holm's correction is over the {measured} measured rows, and a verdict
needs a corrected p below {level}.
{few} of these rows have fewer seeds than they should ({laboratory} in the laboratory, {agent} on
the agent), so that *no difference shown* says little of them.

"""
COLUMNS = (
    *("system", "claimed", "published", "setting", "measured here", "control", "n", "effect"),
    *("p", "p, Holm", "verdict", "command"),
)


def page(rows: Sequence[Judged]) -> str:
    """Return the ledger as a Markdown page."""
    measured = [one for one in rows if one.p is not None]
    few = sum((one.row.n or 0) < AIM[one.row.setting] for one in measured)
    head = INTRODUCTION.format(measured=len(measured), few=few, level=LEVEL, **AIM)
    lines = (_cells(COLUMNS), "|---" * len(COLUMNS) + "|", *map(_line, rows))
    return head + "".join(f"{line}\n" for line in lines)


def _line(one: Judged) -> str:
    row = one.row
    effect = f"{row.effect} ([page](findings/{row.source}))" if row.effect else ""
    p, corrected = (("" if v is None else _short(v)) for v in (one.p, one.corrected))
    command = f"`{row.command}`" if row.command else ""
    cells = (
        f"{row.system} ({row.paper})",
        row.claimed,
        row.published,
        row.setting,
        row.measured,
        row.control,
        "" if row.n is None else str(row.n),
        effect,
        p,
        corrected,
        one.verdict,
        command,
    )
    return _cells(cells)


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _short(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"

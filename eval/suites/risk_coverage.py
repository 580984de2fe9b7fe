"""Risk against coverage: what share of answers would fail if the surest part were answered."""

from __future__ import annotations

from collections.abc import Sequence

from eval.claims.plot import lines
from eval.suites.answers import Judged


def risks(judged: Sequence[Judged]) -> list[float]:
    """Return the risk at 0, 1, 2, ... per cent of the questions answered.

    The questions whose best quotation is likeliest to answer come first. The risk is the share
    of them whose best quotation does not answer; every question without an answer is such a one.
    The list ends where the questions with a probability do.
    """
    scored = [one for one in judged if one.probability is not None]
    surest = sorted(scored, key=lambda one: (-(one.probability or 0), one.asked.id))
    found = [0.0]
    for percent in range(1, 101):
        taken = surest[: round(len(judged) * percent / 100)]
        if round(len(judged) * percent / 100) > len(surest):
            break
        missed = sum(not one.best_answers for one in taken)
        found.append(missed / len(taken) if taken else 0.0)
    return found


def risk_plot(title: str, judged: Sequence[Judged]) -> str:
    """Return an SVG with one curve for each style and one for both together."""
    styles = sorted({one.asked.style for one in judged})
    series = {style: risks([one for one in judged if one.asked.style == style]) for style in styles}
    return lines(title, "% answered", series | {"both": risks(judged)}, log=False)

"""Student's t distribution: two-sided p-values and quantiles. Needs no library."""

from __future__ import annotations

import math

_STEPS = 200
_TINY = 1e-300


def p_value(t: float, freedom: float) -> float:
    """Return the two-sided p-value of a t statistic.

    Args:
        t: the statistic.
        freedom: degrees of freedom, at least 1.
    """
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def quantile(level: float, freedom: int) -> float:
    """Return the t whose two-sided p-value is ``1 - level``, to ten digits."""
    low, high = 0.0, 1e6
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if p_value(middle, freedom) > 1 - level else (low, middle)
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    logs = a * math.log(x) + b * math.log1p(-x)
    front = math.exp(logs + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function (Lentz's method)."""
    c, d = 1.0, 1.0 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY

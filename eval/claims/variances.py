"""Variances of several effects, each pulled towards what they have in common. Needs no library.

Smyth, "Linear models and empirical Bayes methods", 2004. A variance over three seeds is itself
uncertain: by chance some are far too small, and their effects look certain. The true variances are
taken to be drawn from a scaled inverse chi-square distribution, whose scale ``s0`` and degrees of
freedom ``d0`` are estimated from the spread of the logarithms of all of them. The moderated
variance of ``s`` with ``d`` degrees of freedom is then ``(d0 s0 + d s) / (d0 + d)``, and has
``d0 + d`` of them. Where the variances differ no more than chance explains, all are the common one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, variance

from corpus.model import Frozen

FEWEST = 3
"""Fewest effects from which a common variance is estimated."""
_LEAST, _MOST = 1e-6, 1e7
_TURNS = 200


class Spread(Frozen):
    """A variance, and the degrees of freedom that it is known with."""

    variance: float
    freedom: float


def moderated(spreads: Sequence[Spread]) -> list[Spread]:
    """Return the moderated variances, in the order given; as they are where there are too few."""
    if len(spreads) < FEWEST:
        return list(spreads)
    logs = [
        math.log(one.variance) - digamma(one.freedom / 2) + math.log(one.freedom / 2)
        for one in spreads
    ]
    excess = variance(logs) - fmean(trigamma(one.freedom / 2) for one in spreads)
    most = sum(one.freedom for one in spreads)
    if excess <= 0:
        return [Spread(variance=math.exp(fmean(logs)), freedom=most)] * len(spreads)
    prior = 2 * _trigamma_inverse(excess)
    common = math.exp(fmean(logs) + digamma(prior / 2) - math.log(prior / 2))
    return [
        Spread(
            variance=(prior * common + one.freedom * one.variance) / (prior + one.freedom),
            freedom=min(prior + one.freedom, most),
        )
        for one in spreads
    ]


def digamma(x: float) -> float:
    """Return the logarithmic derivative of the gamma function, for ``x > 0``."""
    value = 0.0
    while x < 6:
        value -= 1 / x
        x += 1
    f = 1 / (x * x)
    return value + math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f / 240)))


def trigamma(x: float) -> float:
    """Return the derivative of :func:`digamma`, for ``x > 0``."""
    value = 0.0
    while x < 6:
        value += 1 / (x * x)
        x += 1
    f = 1 / (x * x)
    return value + 1 / x + f / 2 + f / x * (1 / 6 - f * (1 / 30 - f * (1 / 42 - f / 30)))


def _trigamma_inverse(y: float) -> float:
    low, high = _LEAST, _MOST
    middle = math.sqrt(low * high)
    for _ in range(_TURNS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if trigamma(middle) > y else (low, middle)
    return middle

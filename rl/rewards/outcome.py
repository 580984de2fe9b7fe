"""What became of a rollout: the label that methods and metrics share."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """What became of a rollout, decided before any reward is shaped."""

    WRONG = 0
    CORRECT = 1
    ABSTAINED = 2
    EXCLUDED = -1
    """Truncated, or voided by an infrastructure failure: it says nothing of the policy."""

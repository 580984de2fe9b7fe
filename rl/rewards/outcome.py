"""The outcome of a rollout, shared by methods and metrics."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """Outcome of a rollout, computed before any reward shaping."""

    WRONG = 0
    CORRECT = 1
    ABSTAINED = 2
    EXCLUDED = -1
    """The rollout was cut off or voided by an infrastructure failure: it says nothing of the
    policy."""

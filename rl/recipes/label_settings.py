"""The table ``[labels]`` of a recipe: which labels a run may learn from. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from corpus.model import Frozen


class LabelSettings(Frozen):
    """Active labelling: the run learns from the labels of few questions (``docs/annotation.md``).

    Questions without a label count 0, or, where a probe trusts the majority of their rollouts, as
    much as it trusts it.
    """

    source: Literal["gold", "file", "queue"] = "gold"
    """``gold``: the gold answers, as a simulation; ``file``: an export of ``inforce labels``;
    ``queue``: people, through a labelling project."""
    policy: Literal["random", "entropy", "low_confidence", "care", "oracle_cag", "full", "none"] = (
        "care"
    )
    """What chooses the questions to label; ``full`` labels all, ``none`` no question, and
    ``oracle_cag`` reads gold answers to choose, as an upper bound."""
    budget: float = Field(default=0.2, ge=0.0, le=1.0)
    """Share of a round's questions whose label is asked for; rounded up."""
    overlap: int = Field(default=2, ge=1)
    """People who decide each item of the overlapping share of ``inforce labels create``."""
    file: Path | None = None
    """The file of labels, for the source ``file``; it may still grow, or be missing at first."""
    project: str | None = None
    """The labelling project, for the source ``queue``; left out, it has the run's name."""
    wait: bool = False
    """Stop the run where a label is missing, until ``--resume`` finds it; left out, the run goes on
    and asks the question again once it is labelled."""
    pseudo: bool = True
    """Learn from the majority of the rollouts where a probe trusts it."""
    gate: float = Field(default=0.25, ge=0.0, le=1.0)
    """Share of a round's unlabelled questions whose majority is trusted: the most probable."""
    warmup: int = Field(default=20, ge=0)
    """Rounds before a majority is trusted."""
    probe: Literal["logistic", "perceptron"] = "logistic"
    """Architecture of the two probes."""
    bottleneck: Literal["none", "haar", "linear", "pca"] = "none"
    """Projection of the hidden states that the probes read: fixed and random (``haar``), trained
    (``linear``), principal components (``pca``), or none."""
    kept: int = Field(default=16, ge=1)
    """Dimensions of that projection."""
    probe_rate: float = Field(default=1e-4, gt=0.0)
    """Learning rate of the probes."""
    probe_steps: int = Field(default=3, ge=1)
    """Optimiser steps of the probes after each round."""

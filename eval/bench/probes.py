"""``inforce bench probes``: how well probes tell right majorities, by projection and dimensions.

Reads the features and labels that a run with ``[labels]`` stored in its last checkpoint, and trains
the probe of the product on four fifths of the questions; the area under the ROC curve is measured
on the rest, for every fold.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean, median, stdev

import torch
from torch import Tensor

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.annotation.probes.bottleneck import Kind, effective_rank
from rl.annotation.probes.features import VOTE
from rl.annotation.probes.probe import STEPS as ROUND_STEPS
from rl.annotation.probes.probe import Architecture, Probe
from rl.run.checkpoints import checkpoints
from rl.run.run_directory import Run
from rl.training.labelled_rounds import STATE

KEPT = (4, 8, 16, 32, 64)
FOLDS, STEPS, RATE = 5, 300, 0.01
ASKED, REPEATS = 8, 30
"""Questions of a round, and repetitions, when the probes of a round are timed."""
FEWEST = 40
"""Fewest examples from which an area is measured."""


class ProbeQuality(Frozen):
    """The quality of one probe.

    Attributes:
        bottleneck: the projection before the probe.
        kept: dimensions that it keeps of the hidden states.
        architecture: of the probe.
        auc: area under the ROC curve on questions not trained on, mean over folds and seeds.
        spread: its standard deviation over folds and seeds.
        seconds: to train one probe.
        round: seconds that both probes take in one round of a run, with the run's default steps.
        ratio: a whole round with this projection over one without any; null if not timed.
    """

    bottleneck: Kind
    kept: int
    architecture: Architecture
    auc: float
    spread: float
    seconds: float
    round: float
    ratio: float | None = None


class ProbeReport(Frozen):
    """The probes of a run.

    Attributes:
        run: name of the run.
        examples: labelled questions.
        right: share whose majority is right.
        width: hidden features of a question.
        rank: effective rank of these features.
        step: seconds of a round of the run with its rollouts, mean; null if not noted.
        probes: quality of each probe.
    """

    run: str
    examples: int
    right: float
    width: int
    rank: float
    step: float | None
    probes: tuple[ProbeQuality, ...]


def probe_report(run: Run, seeds: int = 3) -> ProbeReport:
    """Measure the probes on what a run stored.

    Args:
        run: a run that learnt from labels with probes, and has a checkpoint.
        seeds: seeds of folds and weights.

    Raises:
        BadInputError: it has stored too little, or labels of one kind only.
    """
    features, truths = _stored(run)
    width = features.size(1) - VOTE - run.recipe().train.group_size
    right, step = float(truths.mean()), _round_time(run)
    return ProbeReport(
        run=run.name,
        examples=len(truths),
        right=right,
        width=width,
        rank=effective_rank(features[:, :width]),
        step=step,
        probes=tuple(
            one
            for architecture in ("logistic", "perceptron")
            for one in _against_none(
                step,
                [
                    _quality(features, truths, width, kind, kept, architecture, range(seeds))
                    for kind, kept in _sweep(width)
                ],
            )
        ),
    )


def area(scores_N: Tensor, truths_N: Tensor) -> float:
    """Return the area under the ROC curve; ties count half.

    Raises:
        ValueError: all truths are equal.
    """
    yes, no = scores_N[truths_N > 0.5], scores_N[truths_N <= 0.5]
    if not len(yes) or not len(no):
        raise ValueError("an area needs both truths")
    gaps = yes.unsqueeze(1) - no.unsqueeze(0)
    return float(((gaps > 0).float() + 0.5 * (gaps == 0).float()).mean())


def _sweep(width: int) -> Iterator[tuple[Kind, int]]:
    yield "none", width
    for kind in ("haar", "linear", "pca"):
        for kept in (*(k for k in KEPT if k < width), width):
            yield kind, kept


def _stored(run: Run) -> tuple[Tensor, Tensor]:
    done = checkpoints(run.checkpoints)
    if not done or not (done[-1] / STATE).is_file():
        raise BadInputError(f"{run.name} has no checkpoint with probes; it needs [labels].")
    vote = torch.load(done[-1] / STATE, weights_only=True)["vote"]
    features, truths = vote["features"], vote["truths"]
    if len(truths) < FEWEST or len(truths.unique()) == 1:
        raise BadInputError(
            f"{run.name} holds {len(truths)} labelled questions, of which"
            f" {int(truths.sum())} have a right majority: too few to measure a probe."
        )
    return features, truths


def _round_time(run: Run) -> float | None:
    """Return the mean seconds of a round: of all its optimiser steps and its rollouts."""
    rounds: defaultdict[int, float] = defaultdict(float)
    for row in run.metrics.rows():
        rounds[row["round"]] += float(row["seconds"].get("step_time") or 0.0)
    return (fmean(rounds.values()) or None) if rounds else None


def _against_none(step: float | None, found: Sequence[ProbeQuality]) -> list[ProbeQuality]:
    """Return the probes with the ratio of whole rounds, the first of them being without any."""
    if step is None:
        return list(found)
    plain = found[0].round
    return [one.model_copy(update={"ratio": (step - plain + one.round) / step}) for one in found]


def _quality(  # noqa: PLR0913
    features: Tensor,
    truths: Tensor,
    width: int,
    kind: Kind,
    kept: int,
    architecture: Architecture,
    seeds: Sequence[int],
) -> ProbeQuality:
    folds = {seed: list(_folds(truths, seed)) for seed in seeds}
    if kind == "pca":
        kept = min(kept, *(len(train) for each in folds.values() for train, _ in each))

    def probe_of(seed: int, steps: int) -> Probe:
        return Probe(
            width,
            features.size(1) - width,
            architecture=architecture,
            kind=kind,
            kept=kept,
            seed=seed,
            learning_rate=RATE,
            steps=steps,
        )

    areas, began = [], time.perf_counter()
    for seed, each in folds.items():
        for train, test in each:
            probe = probe_of(seed, STEPS)
            probe.learn(features[train], truths[train])
            areas.append(area(probe.probability(features[test]), truths[test]))
    return ProbeQuality(
        bottleneck=kind,
        kept=kept,
        architecture=architecture,
        auc=fmean(areas),
        spread=stdev(areas),
        seconds=(time.perf_counter() - began) / len(areas),
        round=2 * _in_a_round(probe_of(0, ROUND_STEPS), features, truths),
    )


def _in_a_round(probe: Probe, features: Tensor, truths: Tensor) -> float:
    """Return the median seconds in which a probe learns from a round and judges the next."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        probe.learn(features[:ASKED], truths[:ASKED])
        probe.probability(features[:ASKED])
        times.append(time.perf_counter() - began)
    return median(times)


def _folds(truths_N: Tensor, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield places to train on and to test on; each fold has its part of both truths."""
    chance = torch.Generator().manual_seed(seed)
    fold = torch.empty(len(truths_N), dtype=torch.long)
    for truth in truths_N.unique():
        places = (truths_N == truth).nonzero().squeeze(1)
        mixed = places[torch.randperm(len(places), generator=chance)]
        fold[mixed] = torch.arange(len(mixed)) % FOLDS
    for number in range(FOLDS):
        if math.isclose(float(truths_N[fold == number].std(correction=0)), 0.0):
            continue
        yield (fold != number).nonzero().squeeze(1), (fold == number).nonzero().squeeze(1)

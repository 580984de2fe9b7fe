"""What is claimed of each method, and the arms that test it: the method and its own controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rl.lab_runs import Trial

Metric = Literal["accuracy", "abstention", "retained"]


@dataclass(frozen=True)
class Row:
    """One comparison.

    ``controls`` compete on the selection works; the best of them (or the one that ended as far
    from the start as the method, where ``matched``) is what the method is held against on the test
    works. ``references`` are run and shown, nothing more.
    """

    method: str
    claimed: str
    published: str
    metric: Metric
    arms: tuple[Trial, ...]
    controls: tuple[Trial, ...]
    references: tuple[Trial, ...] = ()
    matched: bool = False

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return every arm."""
        return (*self.arms, *self.controls, *self.references)


def _of(name: str, **objective: Any) -> Trial:
    return Trial(name, objective)


def _moving(name: str, objective: Mapping[str, Any], widened: float = 1.0) -> Trial:
    """An arm whose ratio moves: four passes over each round."""
    return Trial(name, objective, epochs=4, widened=widened)


def _blind(name: str, channels: tuple[str, ...], **more: Any) -> Trial:
    """An arm without labels."""
    objective = {"advantage": "gdpo", "channels": channels, **more}
    return Trial(name, objective, labels=False, warm=PRACTISED)


PRACTISED = 600
"""Steps of imitation after which most answers are right: votes and abstention need that."""
PLAIN = Trial("grpo")
COV = {"kind": "kl_cov", "fraction": 0.02}
GENTLE_COV = {**COV, "coefficient": 0.05}
FILTER = {"kind": "ftis_filter", "per_token": True, "limit": 0.1}

NSR = Row(
    "nsr",
    "keeps useful gradient just outside the clip: +4 to 7 points",
    "+4.9 and +6.4 points at 7B and 8B (2605.22703)",
    "accuracy",
    (
        _moving("nsr", {"clip": "nsr"}),
        _moving("nsr, bernoulli", {"clip": {"kind": "nsr", "draw": "bernoulli"}}),
    ),
    (
        _moving("ppo", {}),
        _moving("ppo, 1.1 as wide", {}, 1.1),
        _moving("ppo, 1.75 as wide", {}, 1.75),
    ),
)
KL_COV = Row(
    "kl_cov",
    "prevents collapse of entropy",
    "higher entropy and accuracy at 7B and 32B (2505.22617)",
    "accuracy",
    (_moving("kl_cov", {"regularisers": COV}),),
    (_moving("ppo", {}),),
)
RLIF = Row(
    "rlif",
    "92 % of supervised RL without labels, no collapse",
    "68.3 against 74.9 with labels on GSM8K (2605.22620)",
    "accuracy",
    (
        _blind("both and kl_cov", ("agreement", "certainty"), regularisers=GENTLE_COV),
        _blind("both", ("agreement", "certainty")),
        _blind("agreement, overconfidence", ("agreement", "overconfidence")),
    ),
    (_blind("agreement alone", ("agreement",)), _blind("certainty alone", ("certainty",))),
    (Trial("grpo with labels", {"advantage": "gdpo"}, warm=PRACTISED),),
)
TIAR = Row(
    "tiar",
    "+22 % F1 of abstention over a fixed reward",
    "best F1 in 5 of 6 categories (2605.25850)",
    "abstention",
    (Trial("tiar", {"post": "tiar"}, abstaining=0.0, warm=PRACTISED),),
    tuple(
        Trial(f"abstaining pays {pay:+.2f}", abstaining=pay, warm=PRACTISED)
        for pay in (-0.5, -0.25, 0.0, 0.25, 0.5)
    ),
)
LAMPO = Row(
    "lampo",
    "lower variance, +1 to 2 points",
    "withdrawn (2605.21235)",
    "accuracy",
    (
        _of("lampo", advantage="lampo"),
        _of("lambdarank", advantage={"kind": "lampo", "mode": "lambdarank"}),
    ),
    (_of("rloo", advantage="rloo"),),
    (PLAIN,),
)
DELTA = Row(
    "delta",
    "+2.9 points by weighing tokens",
    "+3.3 and +2.6 points at 8B and 14B (2605.21467)",
    "accuracy",
    (_of("delta", weights="delta"),),
    (PLAIN, Trial("its weights, dealt at random", shuffled=True)),
)
FTIS = Row(
    "ftis",
    "foreign rollouts cost nothing, +8 to 12 % elsewhere",
    "same convergence; up to +12 %, for some models -6 (2605.22537)",
    "accuracy",
    (Trial("f-tis", {"weights": "tis", "post": FILTER}, foreign=0.5),),
    (Trial("naive mixing", foreign=0.5),),
    (
        Trial("weights only", {"weights": "tis"}, foreign=0.5),
        Trial("filter only", {"post": FILTER}, foreign=0.5),
        PLAIN,
    ),
)
OPD = tuple(
    Row(
        "opd",
        f"own states keep other skills ({start} start)",
        "student keeps more than its teacher (2605.22731)",
        "retained",
        (Trial(f"own states, {start}", distil="student", spoilt=spoilt),),
        (Trial(f"expert's states, {start}", distil="expert", spoilt=spoilt),),
    )
    for start, spoilt in (("base", False), ("teacher", True))
)
OPD_ADDED = Row(
    "opd",
    "a teacher helps beside rewards",
    "not measured there",
    "accuracy",
    (_of("grpo and opd", additives={"kind": "opd", "lam": 0.3}),),
    (PLAIN,),
)
WPG = Row(
    "wpg",
    "3 times fewer collapses, +15 % retained",
    "theory only (2605.26078); WPR reports gains (2602.01685)",
    "accuracy",
    (_of("wpg", additives={"kind": "wpg", "weight": 0.3}),),
    tuple(Trial(f"kl {weight}", kl=weight) for weight in (0.01, 0.03, 0.1, 0.3)),
    (PLAIN,),
    matched=True,
)
ENTROPY = Row(
    "entropy",
    "explores more",
    "gains in pass@k (2506.14758)",
    "accuracy",
    (
        _of("entropy 0.1", additives="entropy"),
        _of("entropy 0.4", additives={"kind": "entropy", "alpha": 0.4}),
    ),
    (PLAIN,),
)

ROWS = (NSR, KL_COV, RLIF, TIAR, LAMPO, DELTA, FTIS, *OPD, OPD_ADDED, WPG, ENTROPY)


def rows_of(method: str | None) -> tuple[Row, ...]:
    """Return the rows of a method, or all.

    Raises:
        KeyError: no claim is about it.
    """
    found = tuple(row for row in ROWS if method in (None, row.method))
    if not found:
        raise KeyError(method)
    return found

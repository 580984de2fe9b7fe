"""Report of claims: Markdown tables, and the curves of RLIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.model import Frozen
from eval.claims.label_curve import LabelNeed
from eval.claims.measure import Arm, Finding
from eval.claims.plot import curves, lines
from eval.claims.verdict import Effect

UNIT = {
    "accuracy": "accuracy",
    "abstention": "F1 of abstaining",
    "retained": "retained skill",
    "consistency": "temporal consistency",
}


class Place(Frozen):
    """A setting in which claims are tested, with its page and file names."""

    title: str
    flag: str
    page: str
    pictures: str
    entropy: str
    where: str


LABORATORY = Place(
    title="Tests of published claims",
    flag="",
    page="claims.md",
    pictures="rlif",
    entropy="the first decision",
    where="A small simulated task; the legal agent is measured on [a page of its"
    " own](claims-agent.md). Questions about dated versions with one tool token in each"
    " rollout, a policy of two small layers, 60 rounds of 64 rollouts (`eval/claims/lab.py`)."
    " The objective and the methods are those of the product. Scores are exact expectations on"
    " works held out from training; the control is chosen on other works. The findings hold"
    " for models of this size only.",
)
AGENT = Place(
    title="Tests of published claims on the legal agent",
    flag=" --agent",
    page="claims-agent.md",
    pictures="agent-rlif",
    entropy="a token",
    where="The legal agent with its smallest model (`tiny-grpo`, 0.2 million weights; for the small"
    " simulated task see [claims.md](claims.md)): 22 rounds of 64 rollouts through the graph,"
    " four optimiser steps each, from a warm start with misdated demonstrations, so that there"
    " is an error to unlearn. The trained model is then decoded greedily on 300 questions"
    " about works held out from training; the control is chosen on 150 questions about other"
    " works. *Accuracy* is the share of questions answered correctly or declined for the"
    " correct reason; *out of force* the share of drafted citations that were not in force on"
    " the governing date; *consistent* the temporal reward of the drafts; *dated* the share of"
    " first dated calls with the governing date; *entropy* and *KL from start* are per token. No"
    " other skill is"
    " measured, so *retained* is empty. The questions are the same in every arm and seed, so"
    " the intervals are over seeds only: one point is three questions, and other questions"
    " would give other results. The foreign rollouts and the teacher are those of one model"
    " that was trained on demonstrations of a careful expert.",
)


def points(effect: Effect) -> str:
    """Return an effect in percentage points with its interval."""
    low, mean, high = (100 * value for value in (effect.low, effect.mean, effect.high))
    return f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"


def table(findings: Sequence[Finding]) -> str:
    """Return the Markdown table of claims, one row per arm of a method."""
    rows = [
        "| method | claimed | published | measured here | against | effect | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| `{one.method}`: {name} | {one.claimed} | {one.published} | {UNIT[one.metric]} "
        f"| {one.control} | {points(effect)} | {effect.verdict} |"
        for one in findings
        for name, effect in one.effects.items()
    ]
    return "\n".join(rows)


def arms_table(finding: Finding, seeds: int) -> str:
    """Return the Markdown table of every arm of a claim with all measures."""
    rows = [
        "| arm | role | accuracy | abstaining F1 | out of force | consistent | dated | retained "
        "| entropy | KL from start | clipped | agreement less accuracy | collapsed |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_arm_row(arm, seeds) for arm in finding.arms),
    ]
    if finding.labels:
        rows += ["", labels_table(finding.labels)]
    if finding.noise:
        noise = ", ".join(f"{name} {value:.1f}" for name, value in finding.noise.items())
        rows += ["", f"Variance of the gradient over its squared mean, at the start: {noise}."]
    return "\n".join(rows)


def labels_table(needs: Mapping[str, LabelNeed]) -> str:
    """Return the Markdown table of the labels that each arm needs."""
    rows = [
        "| arm | labels of a run | seeds that reach 95 % of full | labels until then "
        "| saved against full | final accuracy less full |",
        "|---|---|---|---|---|---|",
    ]
    for name, need in needs.items():
        until = "-" if need.labels is None else f"{need.labels:.0f}"
        saved = "-" if need.saved is None else f"{points(need.saved)} %"
        rows.append(
            f"| {name} | {need.consumed:.0f} | {need.reached} of {need.seeds} | {until} "
            f"| {saved} | {points(need.accuracy)} |"
        )
    return "\n".join(rows)


def labels_picture(needs: Mapping[str, LabelNeed]) -> str:
    """Return the chart of accuracy on held-out works over the labels consumed."""
    series = {name: need.curve for name, need in needs.items()}
    return curves("Accuracy on held-out works", "labels", series)


def _arm_row(arm: Arm, seeds: int) -> str:
    asked = (arm.consistency, arm.dated, arm.retained)
    shares = (arm.accuracy, arm.abstention, arm.anachronism, *asked)
    first = " | ".join("-" if share is None else f"{100 * share:.1f}" for share in shares)
    return (
        f"| {arm.name} | {arm.role} | {first} | {arm.entropy:.2f} | {arm.divergence:.2f} "
        f"| {100 * arm.clipped:.1f} % | {100 * arm.gap:+.1f} | {arm.collapsed} of {seeds} |"
    )


def collapse_pictures(finding: Finding, place: Place) -> tuple[str, str]:
    """Return RLIF's charts: entropy, and agreement minus true accuracy, over the rounds."""
    entropy = {arm.name: arm.curve_entropy for arm in finding.arms}
    gaps = {
        arm.name: [a - t for a, t in zip(arm.curve_agreement, arm.curve_accuracy, strict=True)]
        for arm in finding.arms
    }
    return (
        lines(f"Entropy of {place.entropy}, nats", "rounds", entropy, log=False),
        lines("Agreement less true accuracy", "rounds", gaps, log=False),
    )


def page(findings: Sequence[Finding], seeds: int, place: Place) -> str:
    """Return the whole Markdown page of a setting."""
    told = [
        f"# {place.title}",
        "",
        f"Each method against its best control. Generated by `inforce eval claims{place.flag}"
        f" --page docs/findings/{place.page}`; `inforce eval claims nsr{place.flag}` repeats"
        " one row.",
        "",
        f"**Setting.** {place.where}",
        "",
        f"**Method.** {seeds} seeds; every arm has the same start, questions and number of"
        " rollouts. Effects are percentage points, method minus control, paired by seed, with 95 %"
        " intervals (Student's t). They are not corrected for multiple comparisons: about one"
        " interval in twenty excludes 0 by chance.",
        "",
        table(findings),
        "",
        "## Results by arm",
        "",
        "*Collapsed*: the entropy is less than a tenth of its initial value, or the mean accuracy"
        " of 20 rounds is 30 % below its maximum.",
    ]
    for finding in findings:
        told += ["", f"### {finding.method}: {finding.claimed}", "", arms_table(finding, seeds)]
        if finding.method == "rlif":
            told += [
                "",
                f"![Entropy over the rounds](images/{place.pictures}-entropy.svg)",
                f"![Agreement less accuracy over the rounds](images/{place.pictures}-gap.svg)",
            ]
        if finding.labels:
            told += ["", f"![Accuracy over labels](images/{finding.method}-labels.svg)"]
    return "\n".join(told) + "\n"

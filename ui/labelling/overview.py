"""How a project stands: agreement, accuracy on gold items, throughput, labels and budget."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from corpus.model import Frozen
from rl.annotation.items import Project
from rl.annotation.queue.agreement import Agreement
from rl.annotation.queue.labels import Logged, Progress
from ui.markup import escaped

_HOUR = 3600.0
_LISTED = 30  # items with the least agreement


class Throughput(Frozen):
    """How fast one person decides.

    Attributes:
        person: who. decisions: rows of the log, changed ones included.
        seconds: median time of a decision. per_hour: decisions an hour at that pace.
        spent: seconds of all of them together.
    """

    person: str
    decisions: int
    seconds: float | None
    per_hour: float | None
    spent: float


def throughput(log: Iterable[Logged]) -> tuple[Throughput, ...]:
    """Return how fast each annotator decides, from the time each item was open before them."""
    times: dict[str, list[float]] = {}
    for row in log:
        if row.act == "decided" and row.decision is not None:
            times.setdefault(row.person, []).append(row.decision.seconds)
    return tuple(_throughput(person, taken) for person, taken in sorted(times.items()))


def _throughput(person: str, taken: Sequence[float]) -> Throughput:
    measured = [seconds for seconds in taken if seconds > 0]
    median = statistics.median(measured) if measured else None
    return Throughput(
        person=person,
        decisions=len(taken),
        seconds=median,
        per_hour=None if median is None else _HOUR / median,
        spent=sum(taken),
    )


def overview(
    project: Project,
    far: Progress,
    agreed: Agreement,
    speeds: Sequence[Throughput],
    questions: Mapping[str, str],
) -> str:
    """Return the project's progress, cost, agreement and throughput as HTML.

    ``questions`` are the questions of the items by id.
    """
    return (
        f'<section class="overview">{_labels(far)}{_cost(project, far, speeds)}{_alpha(agreed)}'
        f"{_pairs(agreed)}{_gold(agreed)}{_speeds(speeds)}{_items(agreed, questions)}</section>"
    )


def _labels(far: Progress) -> str:
    counts = ", ".join(f"{n} {status.value}" for status, n in far.by_status.items() if n)
    done = f"<strong>{far.labelled} of {far.total} items labelled</strong>"
    return f"<p>{done} ({counts or 'empty'}).</p>"


def _cost(project: Project, far: Progress, speeds: Sequence[Throughput]) -> str:
    """Return what was spent: labels asked for, decisions, and the time items were open."""
    budget = "no budget set" if project.budget is None else f"budget {project.budget}"
    hours = sum(one.spent for one in speeds) / _HOUR
    return (
        f"<p>Cost so far: {far.total} labels asked for, {budget}; {far.decisions} decisions that"
        f" stand, {hours:.2f} hours of annotators’ time.</p>"
    )


def _alpha(agreed: Agreement) -> str:
    if agreed.alpha is None or agreed.equal is None:
        return "<p>Agreement: not known before two people decide alike and otherwise.</p>"
    alpha = agreed.alpha
    return (
        f"<p>Krippendorff’s alpha {alpha.value:.2f} [{alpha.low:.2f}, {alpha.high:.2f}]; equal "
        f"decisions {agreed.equal:.0%} over {len(agreed.by_item)} items.</p>"
    )


def _pairs(agreed: Agreement) -> str:
    rows = [
        (f"{p.first}, {p.second}", str(p.items), f"{p.equal:.0%}", _number(p.kappa, ".2f"))
        for p in agreed.pairs
    ]
    return _table(("Pair", "Items", "Equal", "Kappa"), rows)


def _gold(agreed: Agreement) -> str:
    rows = [(g.person, str(g.items), f"{g.right / g.items:.0%}") for g in agreed.gold]
    return _table(("On gold items", "Items", "Right"), rows)


def _speeds(speeds: Sequence[Throughput]) -> str:
    rows = [
        (s.person, str(s.decisions), _number(s.seconds, ".0f"), _number(s.per_hour, ".0f"))
        for s in speeds
    ]
    return _table(("Person", "Decisions", "Median s", "An hour"), rows)


def _items(agreed: Agreement, questions: Mapping[str, str]) -> str:
    """Return the items on which people agree least; those on which all agree are counted."""
    least = sorted(agreed.by_item.items(), key=lambda one: one[1])
    differing = [(questions.get(item, item), f"{share:.0%}") for item, share in least if share < 1]
    if not agreed.by_item:
        return ""
    alike = len(agreed.by_item) - len(differing)
    return (
        f"<p>On {alike} of {len(agreed.by_item)} items that several people decided all agree.</p>"
        f"{_table(('Least agreement', 'Equal pairs'), differing[:_LISTED])}"
    )


def _number(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    top = "".join(f"<th>{escaped(word)}</th>" for word in head)
    body = "".join("<tr>" + "".join(f"<td>{escaped(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"

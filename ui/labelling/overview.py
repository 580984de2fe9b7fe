"""How a project stands: agreement, accuracy on gold items, throughput, labels and budget."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from corpus.model import Frozen
from rl.annotation.items import Project
from rl.annotation.queue.agreement import Agreement
from rl.annotation.queue.labels import Logged, Progress
from ui.languages.catalogue import decimal, percent, said, word
from ui.markup import escaped, table, told

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
    some = {status: n for status, n in far.by_status.items() if n}
    counts = ", ".join(f"{said(n)} {word(f'label_status.{status}')}" for status, n in some.items())
    done = told("labelling.labelled", labelled=far.labelled, total=far.total)
    return f"<p><strong>{done}</strong> ({escaped(counts or word('labelling.empty'))}).</p>"


def _cost(project: Project, far: Progress, speeds: Sequence[Throughput]) -> str:
    """Return what was spent: labels asked for, decisions, and the time items were open."""
    if project.budget is None:
        budget = word("labelling.no_budget")
    else:
        budget = word("labelling.budget", labels=project.budget)
    hours = decimal(sum(one.spent for one in speeds) / _HOUR, 2)
    cost = told(
        "labelling.cost", total=far.total, budget=budget, decisions=far.decisions, hours=hours
    )
    return f"<p>{cost}</p>"


def _alpha(agreed: Agreement) -> str:
    if agreed.alpha is None or agreed.equal is None:
        return f"<p>{told('labelling.alpha_unknown')}</p>"
    said_alpha = told(
        "labelling.alpha",
        alpha=decimal(agreed.alpha.value, 2),
        low=decimal(agreed.alpha.low, 2),
        high=decimal(agreed.alpha.high, 2),
        equal=percent(agreed.equal),
        items=len(agreed.by_item),
    )
    return f"<p>{said_alpha}</p>"


def _pairs(agreed: Agreement) -> str:
    rows = [
        (f"{p.first}, {p.second}", str(p.items), percent(p.equal), _number(p.kappa, 2))
        for p in agreed.pairs
    ]
    return table(("labelling.pair", "labelling.items", "labelling.equal", "labelling.kappa"), rows)


def _gold(agreed: Agreement) -> str:
    rows = [(g.person, str(g.items), percent(g.right / g.items)) for g in agreed.gold]
    return table(("labelling.on_gold", "labelling.items", "labelling.correct"), rows)


def _speeds(speeds: Sequence[Throughput]) -> str:
    rows = [
        (s.person, str(s.decisions), _number(s.seconds, 0), _number(s.per_hour, 0)) for s in speeds
    ]
    return table(
        ("labelling.person", "labelling.decisions", "labelling.median", "labelling.hourly"), rows
    )


def _items(agreed: Agreement, questions: Mapping[str, str]) -> str:
    """Return the items on which people agree least; those on which all agree are counted."""
    least = sorted(agreed.by_item.items(), key=lambda one: one[1])
    differing = [(questions.get(item, item), percent(share)) for item, share in least if share < 1]
    if not agreed.by_item:
        return ""
    alike = len(agreed.by_item) - len(differing)
    said = told("labelling.alike", alike=alike, items=len(agreed.by_item))
    return f"<p>{said}</p>" + table(
        ("labelling.least", "labelling.equal_pairs"), differing[:_LISTED]
    )


def _number(value: float | None, places: int) -> str:
    return word("labelling.unknown") if value is None else decimal(value, places)

"""What became of a provision between two days, and what stood under its number on each of them."""

from __future__ import annotations

from datetime import date

from corpus.compare import Redline, compare
from corpus.errors import BadInputError
from corpus.model import Frozen, SourceRead, Version
from corpus.resolve import explained
from corpus.store import Store
from corpus.wording import Wording, wording
from retrieval.citations.resolution import CitationAnswer, resolve_citation


class Comparison(Frozen):
    """A citation on two days: the provision that it means, and the number that it names.

    Attributes:
        citation: the citation as given.
        said: sentences on numbers that moved and on what was not in force, each with its days.
        provision: the redline of one provision, whatever its numbers; null if it was not in force
            on both days.
        number: the redline of what stood under the number on each day, if that is two provisions.
        source_read: when the work was last read from its source.
    """

    citation: str
    said: tuple[Wording, ...]
    provision: Redline | None
    number: Redline | None
    source_read: SourceRead | None


def compared(store: Store, citation: str, before: date, after: date) -> Comparison:
    """Compare what a citation means between two days, by provision and by number.

    The provision is the one that bears the number on the earlier day, else the one that bears it
    on the later day.

    Raises:
        BadInputError: the citation names no provision, or nothing was in force to compare.
    """
    cited = {day: resolve_citation(store, citation, day) for day in (before, after)}
    meant = cited[before].provision or cited[after].provision
    if meant is None:
        raise BadInputError(f"'{citation}' on {before}: {cited[before].explanation}")
    states = {day: _state(store, meant, day) for day in (before, after)}
    said = [
        wording(f"'{citation}' on ", day, ": ", state)
        for day, state in states.items()
        if isinstance(state, Wording)
    ]
    provision = _redline(states[before], states[after])
    under = [_under(answer) for answer in cited.values()]
    moved = under[0] != under[1]
    number = _redline(cited[before].resolution, cited[after].resolution) if moved else None
    if number is not None:
        number = number.model_copy(update={"instrument": None})  # no act made one of the other
    if provision is None and number is None:
        raise BadInputError(" ".join(words.text for words in said))
    said += _moved(store, meant, before, after, provision)
    said += [w for day in (before, after) for w in _elsewhere(store, meant, cited[day], day)]
    return Comparison(
        citation=citation,
        said=tuple(said),
        provision=provision,
        number=number,
        source_read=store.source_read(meant.partition("#")[0]),
    )


def _state(store: Store, provision_id: str, day: date) -> Version | Wording:
    found = store.resolve(provision_id, day)
    if found is None:
        return wording("unknown provision")
    return found if isinstance(found, Version) else explained(found)


def _redline(old: object, new: object) -> Redline | None:
    return compare(old, new) if isinstance(old, Version) and isinstance(new, Version) else None


def _under(answer: CitationAnswer) -> str | None:
    """Return the provision in force under the number."""
    return answer.provision if isinstance(answer.resolution, Version) else None


def _moved(
    store: Store, provision_id: str, before: date, after: date, redline: Redline | None
) -> list[Wording]:
    """Say that a provision bears other numbers on two days, and whether its text changed."""
    provision = store.provision(provision_id)
    if provision is None:
        return []
    numbers = provision.label_on(before), provision.label_on(after)
    if numbers[0] == numbers[1] or None in numbers:
        return []
    days = wording(f"One provision is {numbers[0]} on ", before, f" and {numbers[1]} on ", after)
    if redline is None:
        return [wording(days, ".")]
    text = "its text changed" if redline.changed else "its text is the same"
    return [wording(days, f"; {text}.")]


def _elsewhere(store: Store, meant: str, answer: CitationAnswer, day: date) -> list[Wording]:
    """Say what stands under the number on a day where that is not the provision meant."""
    if answer.provision == meant:
        return []
    if answer.provision is None:
        return [answer.wording]
    words = f"Another provision stands under {answer.label} on "
    other = store.provision(answer.provision)
    numbers = [n.text for n in other.labels if n.text != answer.label] if other else []
    also = f", which at other times is {', '.join(dict.fromkeys(numbers))}" if numbers else ""
    return [wording(words, day, f" ({answer.provision}{also}). ", answer.wording)]

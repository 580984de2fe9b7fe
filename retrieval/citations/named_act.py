"""Find an act by its id, its title, one of its short titles, or a part of a title."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.errors import BadInputError
from corpus.model import Work
from retrieval.citations.work_names import normalise_name

_LISTED = 8


def named_act(works: Sequence[Work], name: str) -> Work:
    """Return the act that a name means: an id, a title or short title, else a part of a title.

    Raises:
        BadInputError: no act has the name, or several do; the message lists them.
    """
    wanted = normalise_name(name).text
    exact = [work for work in works if work.id == name or wanted in _names(work)]
    found = exact or [
        work for work in works if wanted and wanted in normalise_name(work.title).text
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInputError(
            f"The corpus holds no act named '{name[:80]}'; 'inforce works' lists what it holds."
        )
    listed = "; ".join(f"{work.title} ({work.id})" for work in found[:_LISTED])
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    raise BadInputError(f"'{name[:80]}' may mean several acts: {listed}{more}. Name one by its id.")


def _names(work: Work) -> set[str]:
    return {normalise_name(name).text for name in (work.title, work.citation, *work.aliases)}

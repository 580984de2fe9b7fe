"""Acts whose source gives the publication of texts, but not their commencement."""

from __future__ import annotations

from itertools import pairwise

from corpus.model import Commencement, Provision, ProvisionNumber, Version, WorkHistory

_CONDITION = "the source says when it was published ({day}), not since when it is the law"


def without_days(history: WorkHistory) -> WorkHistory:
    """Return an act, traced by publication dates, without any commencement.

    Its texts wait for an unknown date, each known since its publication, and the coverage is empty.
    """
    first = {each.id: each for each in reversed(history.versions)}
    return history.model_copy(
        update={
            "provisions": tuple(_provision(each) for each in history.provisions),
            "versions": tuple(_version(each) for each in reversed(first.values())),
            "coverage": (),
        }
    )


def _version(version: Version) -> Version:
    return Version.model_validate(
        {
            **version.model_dump(),
            "known_from": version.published,
            "known_to": None,
            "valid_from": None,
            "valid_to": None,
            "ended": None,
            "ended_by": None,
            "commencement": Commencement.UNKNOWN,
            "condition": _CONDITION.format(day=version.valid_from),
        }
    )


def _provision(provision: Provision) -> Provision:
    """Return the provision with its numbers in known time; each until the next."""
    labels = [
        ProvisionNumber(
            text=label.text,
            known_from=label.valid_from,
            known_to=following.valid_from if following else None,
        )
        for label, following in pairwise([*provision.labels, None])
        if label is not None
    ]
    return provision.model_copy(update={"labels": tuple(labels)})

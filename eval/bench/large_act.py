"""An act of many short sections, for measurements of pages that show a whole act."""

from __future__ import annotations

from datetime import date

from corpus.model import Coverage, Provision, ProvisionNumber, SourceRef, Version, Work, WorkHistory

LARGE = "uk/large-1990"
SINCE = date(1990, 1, 1)


def large_act(sections: int = 2_500) -> WorkHistory:
    """Return an act of so many sections of five paragraphs, all in force since 1990."""
    body = "\n".join(f"({n}) A person must keep the register for {n} years." for n in range(1, 6))
    numbers = range(1, sections + 1)
    return WorkHistory(
        work=Work(
            id=LARGE,
            jurisdiction="uk",
            language="en",
            kind="act",
            title="Large Act 1990",
            citation="1990 c. 9",
            source="synthetic",
        ),
        provisions=tuple(
            Provision(
                id=f"{LARGE}#s{n}",
                work_id=LARGE,
                order=n,
                labels=(ProvisionNumber(text=f"s {n}"),),
            )
            for n in numbers
        ),
        versions=tuple(
            Version(
                id=f"{LARGE}#s{n}@{SINCE}",
                provision_id=f"{LARGE}#s{n}",
                language="en",
                text=body,
                valid_from=SINCE,
                source=SourceRef(file="large"),
            )
            for n in numbers
        ),
        coverage=(Coverage(work_id=LARGE, covered_from=SINCE, from_origin=True),),
    )

"""Small histories for tests, in one line each."""

from __future__ import annotations

from datetime import date

from corpus.model import (
    Coverage,
    EndReason,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)

WORK = Work(
    id="uk/widgets-1990",
    jurisdiction="uk",
    language="en",
    kind="act",
    title="Widgets Act 1990",
    aliases=("WA 1990",),
    citation="1990 c. 99",
    source="https://example.org/widgets",
)
DUTY = "uk/widgets-1990#duty"


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def version(
    valid_from: str | None,
    valid_to: str | None = None,
    text: str = "",
    ended: EndReason | None = None,
    **more: object,
) -> Version:
    """A version of the duty; ``ended`` defaults to superseded when there is an end."""
    reason = ended or (EndReason.SUPERSEDED if valid_to else None)
    fields: dict[str, object] = {
        "id": f"{DUTY}@{valid_from or 'undated'}",
        "provision_id": DUTY,
        "language": "en",
        "text": text or f"The widget duty as from {valid_from}.",
        "valid_from": day(valid_from),
        "valid_to": day(valid_to),
        "ended": reason,
        "source": SourceRef(file="widgets.xml"),
    }
    return Version.model_validate({**fields, **more})


def history(*versions: Version, since: str = "1990-01-01", **more: object) -> WorkHistory:
    """A work with one provision, complete since ``since``."""
    fields: dict[str, object] = {
        "work": WORK,
        "provisions": (Provision(id=DUTY, work_id=WORK.id, labels=(ProvisionNumber(text="s 1"),)),),
        "versions": versions,
        "coverage": (
            Coverage(work_id=WORK.id, covered_from=date.fromisoformat(since), from_origin=True),
        ),
    }
    return WorkHistory.model_validate({**fields, **more})

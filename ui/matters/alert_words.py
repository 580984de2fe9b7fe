"""An alert as a sentence in the reader's language."""

from __future__ import annotations

from datetime import date

from agent.matters.alerts import Alert
from ui.languages.catalogue import word


def alert_words(alert: Alert, today: date) -> str:
    """Return what changed in a sentence, beginning with the provision."""
    change, cited = alert.change, alert.citation
    if change.kind in {"removed", "record_ends", "corrected"} or change.day is None:
        said = word(f"alert.{change.kind}")
    else:
        when = "on" if change.day <= today else "later"
        names = {"number": change.number or ""} if change.kind == "renumbered" else {}
        said = word(f"alert.{change.kind}_{when}", day=change.day, **names)
        said += f" {word('alert.by', act=change.by)}" if change.by else ""
        if change.day <= cited.as_at and change.kind != "renumbered":
            said += f"; {word('alert.not_in_force', day=cited.as_at)}"
    return f"{cited.work_title}, {cited.label}: {said}."

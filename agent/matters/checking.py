"""The check of all matters after the corpus has changed, and what it says."""

from __future__ import annotations

from agent.matters.alerts import Alert, check_alerts
from agent.matters.channels import AlertSettings
from agent.matters.delivery import deliver
from agent.matters.store import Matters, matters_url
from corpus.clock import today
from corpus.database import parse_url, sqlite_file
from corpus.model import Frozen
from corpus.settings import Settings
from corpus.store import Store


class Checked(Frozen):
    """The result of a check: the alerts that it found, and why some were not sent."""

    found: tuple[Alert, ...] = ()
    problems: tuple[str, ...] = ()


def check(settings: Settings) -> Checked:
    """Check all open matters against the store as it is now, and send what is new.

    Raises:
        StoreError: a database cannot be used.
        BadInputError: a setting of alerts is invalid.
    """
    if not _has_matters(settings):
        return Checked()
    told = AlertSettings.load()
    with Matters.open(matters_url(settings)) as matters, Store.open(settings.store_url) as store:
        found = check_alerts(matters, store, today(), told.days)
        problems = deliver(matters, told.channels(), today())
    return Checked(found=tuple(found), problems=problems)


def _has_matters(settings: Settings) -> bool:
    """Return whether a database of matters was ever made."""
    file = sqlite_file(parse_url(matters_url(settings)))
    return file is None or file.exists()

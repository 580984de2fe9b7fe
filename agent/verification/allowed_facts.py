"""Names and figures that a sentence may state, given the version it cites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from agent.trace import GoverningDate
from corpus.languages.stated_figures import Figures, figures_in_law
from corpus.model import Provision, Version, Work
from corpus.provision_numbers import label_key


@dataclass(frozen=True)
class AllowedFacts:
    """A version and the words quoted from it, with what a sentence may state because of them."""

    version: Version
    provision: Provision
    work: Work
    governing: GoverningDate
    quote: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the cited law: title, citation, aliases, label, heading."""
        work, label = self.work, self.label
        named = (work.title, work.citation, *work.aliases, label, self.version.heading or "")
        return tuple(name for name in named if any(char.isalpha() for char in name))

    @property
    def label(self) -> str:
        """Return the label on the governing date, or the last one if there is none."""
        borne = self.provision.label_on(self.governing.as_at, self.governing.known_at)
        return borne or self.provision.labels[-1].text

    def figures(self) -> Figures:
        """Return the figures that may be stated: those of the text, its label and its dates.

        The number of another provision must be in the quotation itself, since only there the reader
        sees whose number it is.
        """
        version, governing = self.version, self.governing
        text = f"{version.heading or ''}\n{version.text}"
        end = version.valid_to
        days = (governing.as_at, governing.known_at, version.valid_from, end, end and _eve(end))
        dates = {day: str(day) for day in days if day is not None}
        years = {str(day.year): str(day) for day in dates} | {
            year: year for name in self.names for year in re.findall(r"\b[12]\d{3}\b", name)
        }
        quoted = figures_in_law(self.quote, version.language).addresses
        addresses = {label_key(self.label): self.label} | quoted
        held = figures_in_law(text, version.language).model_copy(update={"addresses": addresses})
        return held | Figures(dates=dates, numbers=years)


def _eve(day: date) -> date:
    return day - timedelta(days=1)

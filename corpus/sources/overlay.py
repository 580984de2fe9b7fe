"""Overlay: corrections of a source's metadata that keep the original value and a reason.

A publisher's date can be wrong. The adapter then uses the corrected value and keeps the upstream
one with the reason on every version concerned. Overlays are TOML::

    snapshot = 2018-07-03

    [[correction]]
    file = "notice/1005/2017-08341.xml"
    field = "leftDocumentNumber"
    upstream = "2016-24506"
    value = "2016-24503"
    reason = "it amends section 1005.19, which only 2016-24503 adds"
    by = "InForce, 2026-11-22"
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from corpus.errors import Place, SourceError
from corpus.model import Frozen
from corpus.validation import source_error

BUILT_IN = Path(__file__).parent / "overlays"
"""Folder of the built-in overlays."""


class Correction(Frozen):
    """One wrong value of one field of one file (its path inside the source)."""

    file: str
    field: str
    upstream: str
    value: str
    reason: str
    by: str


class UnreliableText(Frozen):
    """Units of a file whose text is wrong, and what to use instead.

    ``notice``: the previous text with the changes of the file's notice; ``nothing``: the right text
    is not in the source, so it is unknown until the next text.
    """

    file: str
    units: tuple[str, ...]
    use: Literal["notice", "nothing"]
    reason: str
    by: str


class Overlay(Frozen):
    """Corrections, and the date on which the source was copied (``snapshot``)."""

    snapshot: date | None = None
    correction: tuple[Correction, ...] = ()
    distrust: tuple[UnreliableText, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """Return the files that have corrections."""
        corrected = {each.file for each in self.correction}
        return frozenset(corrected | {each.file for each in self.distrust})

    def of(self, file: str, field: str, written: str) -> Correction | None:
        """Return the correction of a field that reads ``written``; ``None`` if it is right.

        Raises:
            SourceError: the value is neither the wrong nor the right one.
        """
        for correction in self.correction:
            if (correction.file, correction.field) != (file, field):
                continue
            if written not in (correction.upstream, correction.value):
                problem = f"'{written}' is not what the overlay corrects ('{correction.upstream}')"
                raise SourceError(Place(file, field=field), problem)
            return correction if written == correction.upstream else None
        return None


def read_overlay(path: Path) -> Overlay:
    """Read an overlay.

    Raises:
        SourceError: the file is missing or not TOML, or a field is unknown, missing or invalid.
    """
    try:
        return Overlay.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SourceError(Place(str(path)), f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(Place(str(path)), f"not TOML: {error}") from None
    except ValidationError as error:
        raise source_error(Place(str(path)), error) from None

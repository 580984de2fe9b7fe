"""Detect pages that a server sent instead of a legal text: an error, a login, a block."""

from __future__ import annotations

import re

SHORT = 600
"""Longest page, in characters, that may be an error page although it has provisions."""

_DOCUMENT = re.compile(
    r"(?is)\A\W{0,20}(?:<!doctype\s+html|(?:<\?xml[^>]*>\s*)?<(?:html|head)[\s>])"
)
_STATUS = re.compile(
    r"(?i)\b(?:40[0134]|408|410|429|500|50[234])\b\W{0,3}(?:bad request|unauthori[sz]ed|forbidden"
    r"|not found|request time-?out|gone|too many requests|internal server error|bad gateway"
    r"|service (?:temporarily )?unavailable|gateway time-?out)"
)
_WORDS = re.compile(
    r"(?im)^\W*(?:"
    r"(?:the )?(?:requested )?(?:page|document|resource|url) (?:was |could )?not (?:be )?found"
    r"|page introuvable|seite nicht gefunden|página no encontrada|pagina non trovata"
    r"|lehte ei leitud|service (?:temporarily )?unavailable|internal server error|bad gateway"
    r"|access (?:to this (?:page|resource) )?(?:is |has been )?denied(?=\W*$)"
    r"|gateway time-?out|too many requests|rate limit exceeded|checking your browser|captcha"
    r"|(?:please )?enable javascript|are you (?:a robot|human)|just a moment"
    r"|(?:please )?(?:log|sign) in to continue)\b"
)


def is_error_page(text: str, provisions: int) -> bool:
    """Return whether a page is an error page instead of a legal text.

    Args:
        text: the page, without its frontmatter.
        provisions: number of provisions parsed from it.
    """
    if _DOCUMENT.match(text):
        return True
    if provisions > 2 or (provisions and len(text) > SHORT):
        return False
    return bool(_STATUS.search(text) or _WORDS.search(text))

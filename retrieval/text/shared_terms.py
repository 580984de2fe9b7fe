"""The informative terms of a question, and those of a text, so that they can be compared.

Words count as equal if they share their first six characters, which joins the inflections of a word
("dismissed", "dismissal"); shorter words, figures and Chinese pairs must be equal.
"""

from __future__ import annotations

from corpus.languages.search_words import auxiliary_words
from retrieval.text.analysis import text_query, tokens

STEM = 6
"""Number of leading characters by which words are compared."""


def question_terms(question: str, language: str) -> frozenset[str]:
    """Return the informative terms of a question about texts in ``language``, stemmed.

    Auxiliary words ("may", "one", "darf") are left out, unless there is nothing else.
    """
    query = text_query(question, (language,))
    quoted = (term for phrase in query.phrases for reading in phrase for term in reading)
    terms = dict.fromkeys((*query.terms, *quoted))
    subject = [term for term in terms if term not in auxiliary_words()]
    return frozenset(term[:STEM] for term in subject or terms)


def stems(text: str, language: str) -> frozenset[str]:
    """Return the terms of a text in ``language``, cut to their first :data:`STEM` characters."""
    return frozenset(token.term[:STEM] for token in tokens(text, language))

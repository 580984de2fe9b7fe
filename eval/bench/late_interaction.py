"""``python -m eval.bench.late_interaction``: would tokens that meet tell better what answers?

The spent questions over the demonstration corpus are scored with the evidence of the answer score
alone, and with two numbers more for each quotation: the mean, by rarity, of the greatest cosine of
each token of the question with a token of the quotation, and the same of each token of the
quotation (late interaction; Khattab and Zaharia, SIGIR 2020). Tokens are those of the default
encoder (:mod:`eval.bench.token_states`), off the mean of their language.

Weights are fitted to the spent questions alone, in five folds of which none has a question about a
work of the other four. Takes minutes of one core: every text is encoded anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from agent.answering.evidence import Evidence, Quotation, encoded_words
from agent.answering.reading import read_question
from agent.answering.remembering import RememberingEncoder
from agent.answering.score import Calibration
from agent.library import Library
from corpus.console import out, progress_bar
from corpus.languages.tables import base_language
from eval.answering.conditional_logit import Table, choice_model
from eval.answering.fit import FOLDS, Judged, fold_of, judged
from eval.answering.training import Labelled, candidates, spent_questions
from eval.bench.token_states import Array, TokenStates
from eval.questions.asked import read_asked
from eval.suites.demo import demo_library
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder

SCALE = 4.0
"""Factor of the two numbers, whose spread is then near that of the others."""
SHARES = 0.03, 0.05
"""Shares of answers beside the point at which the right answers are counted."""


_Item = TypeVar("_Item")


class Met(Evidence):
    """Evidence with what tokens meet: ``asked_met`` those of the question, ``said_met`` those of
    the quotation.
    """

    asked_met: float = 0.0
    said_met: float = 0.0


class Side(NamedTuple):
    """What is encoded: a text of a language, as a question or as a passage."""

    text: str
    language: str
    asked: bool


class Tokens:
    """The states of tokens off the mean of their language, unit, with how rare the tokens are."""

    def __init__(self, model: TokenStates, sides: Sequence[Side]) -> None:
        self._scores = model.scores
        once = _followed("encoding", list(dict.fromkeys(sides)))
        self._found = {side: model.states(side.text, asked=side.asked) for side in once}
        kinds: dict[tuple[str, bool], list[Array]] = defaultdict(list)
        for side, found in self._found.items():
            kinds[side.language, side.asked].append(found.states)
        self._means = {kind: np.vstack(states).mean(axis=0) for kind, states in kinds.items()}

    def of(self, side: Side) -> tuple[Array, Array]:
        """Return the states ``(T, 384)`` and the rarities ``(T,)`` of the tokens of a text."""
        found = self._found[side]
        off_T_D = found.states - self._means[side.language, side.asked]
        norms = np.maximum(np.linalg.norm(off_T_D, axis=1, keepdims=True), 1e-9)
        return off_T_D / norms, self._scores[found.tokens]


def met(these_T_D: Array, others_U_D: Array, rarities_T: Array) -> float:
    """Return the mean, weighted by rarity, of the greatest cosine of each of ``these`` unit states
    with one of the ``others``.
    """
    greatest_T = (these_T_D @ others_U_D.T).max(axis=1)
    return float((greatest_T * rarities_T).sum() / max(float(rarities_T.sum()), 1e-9))


def with_tokens(table: Table, model: TokenStates) -> Table:
    """Return the quotations with what tokens meet in their evidence."""
    tokens = Tokens(model, [side for one, found in table for side in _sides(one, found)])
    return [
        (one, [_meeting(tokens, quotation, *sides) for quotation, sides in _paired(one, found)])
        for one, found in table
    ]


def report(table: Table, names: Sequence[str], lay: set[str]) -> tuple[str, list[float]]:
    """Return a line on the lay questions, and the logarithmic loss of each."""
    held = [one for part in _by_folds(table, names, lay) for one in part]
    answerable = sum(one.answerable for one in held)
    losses = [
        -np.log(max(one.probability if one.right else 1 - one.probability, 1e-4)) for one in held
    ]
    at = (f"{_right_at(held, share) / answerable:.3f} at {share:.0%}" for share in SHARES)
    right = sum(one.right for one in held)
    return (
        f"{len(held)} lay questions, {answerable} answerable: right first {right / answerable:.3f},"
        f" right {', '.join(at)} beside the point, loss {np.mean(losses):.4f}"
    ), losses


def main() -> None:
    """Search, encode, and print what is right with and without the two numbers."""
    encoder = open_encoder(EncoderSettings())
    if encoder is None:
        raise ValueError("the default is no encoder")
    with demo_library() as library:
        table = _table(library, RememberingEncoder(encoder))
    lay = {one.text for one in read_asked("demo") if one.style == "lay"}
    line, before = report(table, tuple(Evidence.model_fields), lay)
    out.print(f"as it is: {line}")
    line, after = report(with_tokens(table, TokenStates()), tuple(Met.model_fields), lay)
    out.print(f"with tokens: {line}")
    change = np.subtract(after, before)
    error = change.std() / len(change) ** 0.5
    out.print(f"change of the loss: {change.mean():+.4f}, standard error {error:.4f}")


def _table(library: Library, encoder: RememberingEncoder) -> Table:
    asked = spent_questions(library, "demo")
    return [(one, candidates(library, one, encoder)) for one in _followed("searching", asked)]


def _by_folds(table: Table, names: Sequence[str], lay: set[str]) -> Iterator[list[Judged]]:
    for fold in range(FOLDS):
        model = choice_model([row for row in table if fold_of(row[0]) != fold], names)
        own = [row for row in table if fold_of(row[0]) == fold and row[0].question in lay]
        yield judged(own, Calibration(relevance=model, threshold=1.0))


def _right_at(found: Sequence[Judged], share: float) -> int:
    """Return how many are right among the most that can be answered with a share beside."""
    right = most = 0
    for number, one in enumerate(sorted(found, reverse=True), start=1):
        right += one.right
        if number - right <= share * number:
            most = right
    return most


def _sides(one: Labelled, found: Sequence[Quotation]) -> Iterator[Side]:
    for _, sides in _paired(one, found):
        yield from sides


def _paired(
    one: Labelled, found: Sequence[Quotation]
) -> Iterator[tuple[Quotation, tuple[Side, Side]]]:
    """Yield each quotation with the question and with what is encoded of it."""
    sought = read_question(one.question, one.as_at).sought
    for quotation in found:
        language = base_language(quotation.passage.language)
        said = encoded_words(quotation.passage, quotation.text)
        yield quotation, (Side(sought, language, asked=True), Side(said, language, asked=False))


def _meeting(tokens: Tokens, quotation: Quotation, asked: Side, said: Side) -> Quotation:
    (asked_T_D, asked_T), (said_U_D, said_U) = tokens.of(asked), tokens.of(said)
    evidence = Met(
        **quotation.evidence.model_dump(),
        asked_met=SCALE * met(asked_T_D, said_U_D, asked_T),
        said_met=SCALE * met(said_U_D, asked_T_D, said_U),
    )
    return replace(quotation, evidence=evidence)


def _followed(title: str, items: Sequence[_Item]) -> Iterator[_Item]:
    """Yield the items, and show how many are done."""
    with progress_bar(title) as advance:
        for done, item in enumerate(items):
            advance(done, len(items), "")
            yield item


if __name__ == "__main__":
    main()

"""A scripted policy that knows the gold answer and writes demonstrations.

It reads the provision that the question cites on the governing date, and the one that this names if
that is what the question is about; then it quotes what is asked for, or abstains with the reason
that the tool gave. It uses the same graph, tools, rendering and
verifier as a model; its moves are converted to token ids.

A misdated expert asks tools for the law of ``today`` instead of the governing date, as a language
model trained on undated text does, and repeats its answer when the verifier objects. Reinforcement
learning then has to correct this.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.models.codec import Codec
from agent.models.parsing import REASONS
from agent.models.sampling import Completion, Sampling
from agent.models.short_prompt import handles
from agent.policies.language_model import ModelPolicy
from agent.policy import Act, PolicyError, PolicyState
from agent.tool_results import Passage, ProvisionReading
from agent.tools.relevance import best_quote
from corpus.languages.question_wording import question_wording
from corpus.model import Work
from corpus.questions import Family, Question
from retrieval.citations.resolution import find_citations

WHY = {
    "not_yet_in_force": "It was not yet in force that day.",
    "repealed": "It was no longer in force that day.",
    "coverage_gap": "The record does not cover that day.",
    "ambiguous": "Its text differs by territory.",
    "not_found": "No such provision is on record.",
}
"""The expert's explanation for each reason to abstain."""


@dataclass(frozen=True)
class Expert:
    """Answers one question from its gold answer.

    Args:
        question: the question with its gold answer.
        codec: tokenizer and chat format of the model to train.
        context: context length of the model in tokens.
        works: works whose names the question may cite.
        today: the date that a misdated expert uses; ``None``: the governing date.
    """

    question: Question
    codec: Codec
    context: int
    works: Sequence[Work]
    today: date | None = None

    @property
    def name(self) -> str:
        """Return the name that traces record."""
        return "expert"

    def act(self, state: PolicyState) -> Act:
        """Return the next move, with the token ids that the model would have generated for it.

        Raises:
            PolicyError: the text of the move contains an end-of-turn token.
        """
        ids = self.codec.markup(json.dumps(self._move(state), ensure_ascii=False))
        if not self.codec.stop_ids.isdisjoint(ids):
            raise PolicyError("The expert's words hold a token that ends a turn.")
        said = _FixedCompletion((*ids, end_of_turn(self.codec)), self.context)
        return ModelPolicy(self.name, self.codec, said, Sampling(max_tokens=1)).act(state)

    def _move(self, state: PolicyState) -> dict[str, Any]:
        if not state.turns:
            day = self.today or state.governing.as_at
            arguments = {"reference": self._cited(), "as_at": str(day)}
            return {"name": "read_provision", "arguments": arguments}
        result = next(turn.calls[0].result for turn in reversed(state.turns) if turn.calls)
        reading = result if isinstance(result, ProvisionReading) else None
        if self._refers(reading):
            day = state.turns[-1].calls[0].arguments["as_at"]
            arguments = {"reference": self._meant(), "as_at": day}
            return {"name": "read_provision", "arguments": arguments}
        if reading is None or reading.passage is None:
            status = reading.status if reading else "not_found"
            reason = status if status in REASONS else "not_found"
            return {"abstain": reason, "explanation": WHY[reason]}
        passage = reading.passage
        name = passage.version_id
        known = handles(state.turns) if self.codec.prompt_format == "learnt" else {}
        quote = self._quote(passage)
        citation = {"id": known.get(name, name), "quote": quote}
        return {"answer": [{"text": quote, "citations": [citation]}]}

    def _cited(self) -> str:
        """Return the citation in the words of the question; beside others, that of its label."""
        found = find_citations(self.question.text, self.works)
        if self.question.family is Family.DISTRACTOR:
            own = [one for one in found if one.text.startswith(f"{self.question.label} ")]
            found = own or found
        return found[0].text if found else self.question.label or self.question.text

    def _refers(self, reading: ProvisionReading | None) -> bool:
        """Return whether what was read only names the provision that the question is about."""
        if reading is None or reading.passage is None:
            return False
        hops = self.question.family in (Family.TWO_HOP, Family.COMMENCED_BY_REFERENCE)
        return hops and reading.provision_id != self.question.provision_id

    def _meant(self) -> str:
        """Return a citation of the provision asked about, in the words of the question."""
        work = next(one for one in self.works if one.id == self.question.work_id)
        cited = self._cited()
        named = [name for name in (work.title, *work.aliases) if name in cited]
        form = question_wording(work.language).citation
        return form.format(label=self.question.label, title=max(named, key=len))

    def _quote(self, passage: Passage) -> str:
        span = self.question.gold_span
        if span is not None and span.text in passage.text:
            return span.text
        return best_quote(self.question.text, passage.text, passage.language)


@dataclass(frozen=True)
class _FixedCompletion:
    """A sampler that returns one fixed completion, with log-prob 0."""

    ids: tuple[int, ...]
    context: int

    def sample(self, *_: object) -> Completion:
        """Return the fixed completion; each token has log-prob 0."""
        return Completion(ids=self.ids, logprobs=(0.0,) * len(self.ids), stop="end")


def end_of_turn(codec: Codec) -> int:
    """Return the id of the token that ends an assistant turn in the chat template.

    Raises:
        PolicyError: the template has no such token.
    """
    chat = [
        {"role": role, "content": f"[[{role}-{n}]]"}
        for n, role in enumerate(("user", "assistant", "user"))
    ]
    after = codec.template(chat, None).partition("[[assistant-1]]")[2]
    ends = [token for token in codec.markup(after) if token in codec.stop_ids]
    if not ends:
        raise PolicyError("The model's chat template ends no turn with a token of its own.")
    return ends[0]

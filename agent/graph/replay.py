"""Replay a trace on the recorded corpus and report the differences.

The store is read as it stood when the trace was made (record clock), whatever has been ingested
since; a controller's adjustments are repeated before the same turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import zip_longest
from tempfile import TemporaryDirectory

from agent.graph.nodes import Context
from agent.graph.run import request_of, run
from agent.library import Library
from agent.policies.controllers import AdjustedPolicy
from agent.policies.registry import EXTRACTIVE, EXTRACTIVE_WORDS, PolicyChoice, open_policy
from agent.policy import Policy, PolicyState
from agent.trace import Trace, Turn
from corpus.clock import pinned
from corpus.compare import Segment, compare_texts
from corpus.errors import BadInputError, StoreError
from corpus.ingest import Progress
from corpus.model import Citation, Frozen
from corpus.record_clock import CorpusState
from retrieval.index import open_index
from retrieval.index_build import embedding_for, refresh_index
from retrieval.index_url import parse_index_url


class Drift(Frozen):
    """One difference between a trace and its replay.

    Attributes:
        what: what differs.
        before: value in the trace.
        after: value in the replay.
    """

    what: str
    before: str
    after: str


class Replay(Frozen):
    """A trace and its replay. ``redline`` compares the two answers.

    Attributes:
        before: the trace.
        after: the trace of the replay.
        drift: the differences.
        redline: text segments that lead from the first answer to the second.
    """

    before: Trace
    after: Trace
    drift: tuple[Drift, ...]
    redline: tuple[Segment, ...] = ()

    @property
    def same(self) -> bool:
        """Return whether there is no difference."""
        return not self.drift


def replay(trace: Trace, library: Library, policy: Policy) -> Replay:
    """Run a trace's question again with the same dates, filters, facts, adjustments and limits.

    Today's date is the one of the recorded run.
    """
    context = Context(
        library,
        AdjustedPolicy(policy, recorded_adjustments(trace)),
        max_turns=trace.settings.max_turns,
        max_tokens=trace.settings.max_tokens,
    )
    with pinned(trace.settings.today or trace.started.date()):
        return compared(trace, run(context, request_of(trace)))


def replay_recorded(  # noqa: PLR0913 - what a replay runs on, by name
    trace: Trace,
    library: Library,
    index_url: str,
    progress: Progress,
    *,
    now: bool = False,
    policy: str | None = None,
) -> Replay:
    """Replay a trace on the corpus from which it was answered, with the policy that answered.

    Args:
        trace: the trace.
        library: the present library.
        index_url: URL of its index.
        progress: called while the former state of the corpus is indexed.
        now: run on the present corpus instead.
        policy: run another policy.

    Raises:
        BadInputError: the policy must be named.
        StoreError: the store does not hold that state of the corpus.
    """
    choice = PolicyChoice.load(policy or policy_spec(trace))
    choice = choice.model_copy(update={"controller": None})  # its recorded words are said again
    recorded = (
        nullcontext(library) if now else library_as_recorded(trace, library, index_url, progress)
    )
    with recorded as read:
        return replay(trace, read, open_policy(choice, read.works, trace.settings.sampling))


def recorded_adjustments(trace: Trace) -> Callable[[PolicyState], str]:
    """Return a function that repeats the adjustments of a trace, turn by turn."""
    said = [turn.adjustment for turn in trace.turns]

    def words(state: PolicyState) -> str:
        number = len(state.turns)
        return said[number] if number < len(said) else ""

    return words


def compared(before: Trace, after: Trace) -> Replay:
    """Return the differences between two runs of one question."""
    pairs = [
        ("corpus", before.corpus_hash[:12], after.corpus_hash[:12]),
        ("policy", before.policy, after.policy),
        ("governing date", _day(before), _day(after)),
        ("stop", before.stop.value, after.stop.value),
        ("abstention", _abstention(before), _abstention(after)),
        ("closest", _closest(before), _closest(after)),
        *_citations(before, after),
        *_moves(before, after),
        ("answer", _answer(before), _answer(after)),
    ]
    drift = tuple(
        Drift(what=what, before=old or "none", after=new or "none")
        for what, old, new in pairs
        if old != new
    )
    texts = _answer(before), _answer(after)
    redline = compare_texts(*texts) if texts[0] != texts[1] else ()
    return Replay(before=before, after=after, drift=drift, redline=redline)


@contextmanager
def library_as_recorded(
    trace: Trace, library: Library, index_url: str, progress: Progress
) -> Iterator[Library]:
    """Yield the library in the state from which a trace was answered.

    If the corpus has changed since, its former state is read from the store and indexed
    temporarily.

    Args:
        trace: the trace.
        library: the present library.
        index_url: URL of the present index, whose analyzer is used.
        progress: called while the former state is indexed.

    Raises:
        StoreError: the store does not hold that state.
    """
    if library.corpus_hash == trace.corpus_hash:
        yield library
        return
    store = library.store.holding(
        CorpusState(corpus_hash=trace.corpus_hash, recorded_at=trace.started)
    )
    if store is None:
        raise StoreError(_lost(trace, library))
    with TemporaryDirectory(prefix="inforce-replay-") as folder:
        chain = parse_index_url(index_url).chain_name
        url = f"embedded:{folder}/index" + (f"?chain={chain}" if chain else "")
        meaning = embedding_for(index_url) if library.index.vectors else None
        refresh_index(store, url, progress, embedding=meaning)
        index = open_index(url)
        try:
            yield Library(store=store, index=index)
        finally:
            index.close()


def policy_spec(trace: Trace) -> str:
    """Return the policy name with which the policy of a trace is opened again.

    Raises:
        BadInputError: the recorded name is not sufficient.
    """
    kind, _, model = trace.policy.partition(":")
    if trace.policy == EXTRACTIVE:
        return EXTRACTIVE if trace.settings.encoder is not None else EXTRACTIVE_WORDS
    if kind == "local" and model and "+" not in model:
        return model
    raise BadInputError(
        f"trace {trace.id} was decided by {trace.policy}, whose place is not recorded:"
        " name it with --policy"
    )


def _lost(trace: Trace, library: Library) -> str:
    """Return a sentence that says why a former state is unavailable."""
    known_at = trace.governing.known_at if trace.governing else None
    cited = trace.answer.citations if trace.answer else ()
    gone = [c.version_id for c in cited if library.store.version(c.version_id, known_at) is None]
    why = (
        f"the store no longer holds {gone[0]}, which trace {trace.id} cites"
        if gone
        else (
            f"the store never held the corpus {trace.corpus_hash[:12]} that trace {trace.id} was"
            f" answered from"
        )
    )
    return f"{why}; --now asks the present corpus instead"


def _day(trace: Trace) -> str:
    governing = trace.governing
    if governing is None:
        return ""
    known = f", as known at {governing.known_at}" if governing.known_at else ""
    rule = f", by {governing.rule_id}" if governing.rule_id else ""
    return f"{governing.as_at}{known}{rule}"


def _abstention(trace: Trace) -> str:
    said = trace.abstention
    return f"{said.reason.value}: {said.explanation}" if said else ""


def _closest(trace: Trace) -> str:
    cited = (found.citation for found in trace.closest)
    return "; ".join(f"{citation.version_id}: “{citation.quote}”" for citation in cited)


def _answer(trace: Trace) -> str:
    return trace.answer.text if trace.answer else ""


def _citations(before: Trace, after: Trace) -> Iterator[tuple[str, str, str]]:
    """Yield each citation that only one of the two traces has."""
    old, new = _cited(before), _cited(after)
    for name in dict.fromkeys((*old, *new)):
        yield "citation", old.get(name, ""), new.get(name, "")


def _cited(trace: Trace) -> dict[str, str]:
    citations: tuple[Citation, ...] = trace.answer.citations if trace.answer else ()
    return {f"{c.version_id} {c.quote}": f"{c.version_id}: “{c.quote}”" for c in citations}


def _moves(before: Trace, after: Trace) -> Iterator[tuple[str, str, str]]:
    """Yield the first turn that differs; later ones follow from it."""
    for number, (old, new) in enumerate(zip_longest(before.turns, after.turns), start=1):
        was, now = _move(old), _move(new)
        if was != now:
            yield f"turn {number}", was, now
            return


def _move(turn: Turn | None) -> str:
    if turn is None:
        return ""
    calls = [f"{call.name} {call.arguments}" for call in turn.calls]
    drafted = [sentence.text for sentence in turn.draft.sentences] if turn.draft else []
    return "; ".join([*calls, *drafted]) or turn.text or "abstains"

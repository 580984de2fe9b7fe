"""A statute book to be cited rightly and wrongly, and a policy that plays given acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from agent.graph.run import ask
from agent.library import Library
from agent.policy import Act, Draft, DraftCitation, PolicyState, Sentence, ToolRequest
from agent.trace import Abstention, AbstentionReason, Trace
from corpus.model import Coverage, EndReason, ProvisionNumber, WorkHistory
from corpus.questions import Family, Question, make_questions
from tests.agent.conftest import provision, version, work

ID = "uk/fairs-1980"
RULE = "The organiser of a fair pays a fee of £{} for every stall. "
PADDING = "Stalls are kept clean, and waste is taken away on the same day. " * 12
FEE = (RULE + PADDING).format
OLD, NEW = f"{ID}#fee@1980-01-01", f"{ID}#fee@2000-01-01"
SCALES = f"{ID}#scales@1980-01-01"
DAY = date(1999, 12, 31)

FAIRS = WorkHistory(
    work=work(ID, "Fairs Act 1980", "1980 c. 5"),
    provisions=(
        provision("fee", ProvisionNumber(text="s 1"), work=ID),
        provision("scales", ProvisionNumber(text="s 2"), work=ID),
        provision("torches", ProvisionNumber(text="s 3"), work=ID),
    ),
    versions=(
        version("fee", FEE(40).strip(), "1980-01-01", "2000-01-01", work=ID),
        version("fee", FEE(65).strip(), "2000-01-01", work=ID),
        version("scales", "A tester of scales is paid £40 or £65 by the organiser.", "1980-01-01",
                work=ID),
        version("torches", "No torch may be carried at a fair after 10 hours of opening.",
                "1980-01-01", "1985-01-01", work=ID, ended=EndReason.REPEALED),
    ),
    coverage=(Coverage(work_id=ID, covered_from=date(1980, 1, 1), from_origin=True),),
)  # fmt: skip


def question(family: Family, gold: str | None = None, day: date | None = None) -> Question:
    """Return a made question of a family, about a version or a day where given."""
    for made in make_questions([FAIRS], families=[family]):
        if gold in (None, made.gold_version):
            return made.model_copy(update={"as_at": day or made.as_at})
    raise AssertionError(f"no question of {family} about {gold}")


@dataclass
class Scripted:
    acts: Sequence[Act]
    name: str = "scripted"
    turns: count[int] = field(default_factory=count)

    def act(self, state: PolicyState) -> Act:
        return self.acts[min(next(self.turns), len(self.acts) - 1)]


def play(library: Library, asked: Question, *acts: Act, as_at: date | None = None) -> Trace:
    """Run acts through the real graph: real tools, real verifier."""
    policy = Scripted(acts)
    day = as_at or asked.as_at
    return ask(
        library, asked.text, as_at=day, known_at=asked.known_at, policy=policy, confirmed=True
    )


def search(*days: date | str, query: str = "fee of a fair, stalls, torch, scales") -> Act:
    calls = (
        ToolRequest(
            id=f"c{n}", name="search_statutes", arguments={"query": query, "as_at": str(day)}
        )
        for n, day in enumerate(days)
    )
    return Act(calls=tuple(calls))


def read(name: str, day: date | str) -> Act:
    arguments = {"reference": f"{ID}#{name}", "as_at": str(day)}
    return Act(calls=(ToolRequest(id="r", name="read_provision", arguments=arguments),))


def versions(name: str, day: date | str) -> Act:
    arguments = {"reference": f"{ID}#{name}", "as_at": str(day)}
    return Act(calls=(ToolRequest(id="v", name="list_versions", arguments=arguments),))


def answer(*cited: tuple[str, str], text: str | None = None) -> Act:
    """Return a draft of one sentence: ``text``, or else the words of the first quotation."""
    citations = tuple(DraftCitation(version_id=id_, quote=quote) for id_, quote in cited)
    said = text or (cited[0][1] if cited else "See the law.")
    return Act(draft=Draft(sentences=(Sentence(text=said, citations=citations),)))


def sentences(*made: Act) -> Act:
    """Join drafts into one of several sentences."""
    drafts = [act.draft for act in made if act.draft is not None]
    return Act(draft=Draft(sentences=tuple(one for draft in drafts for one in draft.sentences)))


def abstain(reason: AbstentionReason) -> Act:
    return Act(abstention=Abstention(reason=reason, explanation="It is not law on that day."))

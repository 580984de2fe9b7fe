"""Training questions of a recipe, and the library that they are about."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean

from agent.library import Library
from corpus.questions import (
    HARDER_FAMILIES,
    Family,
    Question,
    Split,
    make_questions,
    read_questions,
)
from corpus.settings import Settings
from rl.journal import TRACES
from rl.questions.synthetic_environment import choose, synthetic_library
from rl.recipes.recipe import DataSettings, Recipe, RecipeError
from rl.rewards.channels import right
from rl.rewards.scored_trace import read_scored
from rl.run.run_directory import runs_home


@contextmanager
def open_library(data: DataSettings) -> Iterator[Library]:
    """Open the corpus of a recipe: the loaded one, or a synthetic one.

    A synthetic one has links (:class:`corpus.synthetic.Synthetic`) if a harder family is asked for.

    Raises:
        StoreError: nothing is loaded.
        IndexMissingError: the index is missing or of another corpus.
    """
    if data.synthetic is None:
        library = Library.open(Settings.load())
    else:
        parts = (data.synthetic, data.synthetic_seed, data.synthetic_act)
        name = "-".join(str(part) for part in parts if part is not None)
        links = bool(set(data.families) & set(HARDER_FAMILIES))
        folder = runs_home().with_name("grounds") / (f"{name}-links" if links else name)
        library = synthetic_library(folder, *parts, links=links)
    with library:
        yield library


def questions_of(data: DataSettings, library: Library) -> list[Question]:
    """Return the training questions of a recipe.

    Raises:
        RecipeError: no question is left after filtering.
        BadInputError: the file cannot be read.
    """
    if data.questions is None:
        made = make_questions(library.store.histories(), 0, data.per_family, data.families)
        every = list(made)
    else:
        every = list(read_questions(data.questions))
    kept = [
        question
        for question in choose(every, data.split, data.families, data.longest)
        if (not data.languages or question.language in data.languages)
        and (not data.jurisdictions or question.jurisdiction in data.jurisdictions)
    ]
    if data.pass_rates is not None:
        kept = within_pass_rate(kept, data.pass_rates, data.pass_rate)
    if not kept:
        raise RecipeError(
            f"None of {len(every)} questions is left after data.split = {data.split}, families,"
            " languages, jurisdictions, longest and pass_rates."
        )
    return kept


def within_pass_rate(
    questions: Iterable[Question], journal: Path, bounds: tuple[float, float]
) -> list[Question]:
    """Return the questions of which a share within the bounds of the saved rollouts were right.

    A question without a rollout in the journal is left out.

    Args:
        questions: the questions.
        journal: ``traces.jsonl`` of a run or an evaluation, or its folder.
        bounds: least and greatest share, both included.

    Raises:
        BadInputError: the journal cannot be read.
    """
    outcomes: defaultdict[str, list[bool]] = defaultdict(list)
    for one in read_scored(journal / TRACES if journal.is_dir() else journal):
        if one.trace is not None and one.void is None:
            outcomes[one.question.id].append(right(one.trace, one.question))
    low, high = bounds
    rates = {name: fmean(found) for name, found in outcomes.items()}
    return [one for one in questions if one.id in rates and low <= rates[one.id] <= high]


def held_out(
    recipe: Recipe,
    library: Library,
    limit: int | None,
    families: Sequence[Family] = (),
    split: Split = "test",
) -> list[Question]:
    """Return questions about works of a split, of the given families or the recipe's.

    Raises:
        RecipeError: there are none.
    """
    wanted = {"split": split, "families": tuple(families) or recipe.data.families}
    data = recipe.data.model_copy(update=wanted)
    return draw(questions_of(data, library), limit)


def draw(questions: Iterable[Question], limit: int | None, seed: int = 0) -> list[Question]:
    """Return about ``limit`` questions, drawn evenly, in their order; pairs are kept whole."""
    asked = list(questions)
    if limit is None or limit >= len(asked):
        return asked
    units: dict[str, int] = Counter(question.pair or question.id for question in asked)
    names = sorted(units)
    random.Random(seed).shuffle(names)  # noqa: S311 - no secret
    drawn, count = set(), 0
    for name in names:
        if count >= limit:
            break
        drawn.add(name)
        count += units[name]
    return [question for question in asked if (question.pair or question.id) in drawn]

"""``inforce after g2d``: one DPO pass from the weights after K steps, on the rollouts so far."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.library import Library
from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.after_run.g2d.dpo import DpoCurve, DpoSettings, prefer
from rl.after_run.g2d.labelled import verdicts
from rl.after_run.g2d.pairs import Pair, PairSettings, PairTally, pairs_of
from rl.after_run.guard import Scored, opened_folder, score_each
from rl.after_run.start_weights import last_step, model_at
from rl.annotation.items import Label
from rl.questions.training_questions import held_out
from rl.recipes.recipe import Recipe
from rl.rewards.scored_trace import ScoredTrace, read_scored
from rl.rollouts.greedy import answers, share_right
from rl.run.run_directory import Run, check_corpus
from rl.training.model_loading import load_model, reopened, whole
from rl.training.quiet import quiet_libraries

BEFORE, AFTER = "before", "after"
WRITTEN, REPORT, CURVE, PASS = "model", "g2d.json", "curve.json", "pass"
HALF = 0.5
"""Learning rate of the pass as a share of the run's."""

Say = Callable[[str], None]


class Preference(Frozen):
    """What the pass learns from, and how it is judged.

    ``until`` is K: the rollouts sampled up to that optimiser step are used, and the weights after
    it are the start and the reference. ``labels`` is the number of rollouts that people labelled,
    ``given`` that of pairs given beside, ``limit`` about the number of questions of the selection
    split.
    """

    until: int
    dpo: DpoSettings
    pairs: PairSettings = PairSettings()
    labels: int = 0
    given: int = 0
    limit: int | None = 150


class G2dReport(Frozen):
    """What a DPO pass learnt from, and what it changed.

    Attributes:
        run: name of the run.
        until: optimiser step from which the pass started, and up to which rollouts were used.
        tally: what became of the run's rollouts.
        curve: losses of the pass.
        entropy: mean entropy of the policy over the steps up to ``until``, in nats; null at step 0.
        scores: share right on the selection split before and after the pass.
        folder: where the model was written; it opens as a policy.
    """

    run: str
    until: int
    tally: PairTally
    curve: DpoCurve
    entropy: float | None
    scores: tuple[Scored, ...]
    folder: str


def preference_of(run: Run, until: int | None, learning_rate: float | None) -> Preference:
    """Return the settings of a pass: by default from the last checkpoint, at half the run's rate.

    Raises:
        BadInputError: the run has no checkpoint.
    """
    train = run.recipe().train
    rate = HALF * train.learning_rate if learning_rate is None else learning_rate
    return Preference(
        until=last_step(run) if until is None else until,
        dpo=DpoSettings(learning_rate=rate, seed=train.seed, device=train.device),
    )


def distil(  # noqa: PLR0913
    run: Run,
    library: Library,
    wanted: Preference,
    folder: Path,
    labels: Iterable[Label] = (),
    given: Sequence[Pair] = (),
    say: Say = lambda _: None,
) -> G2dReport:
    """Make the pairs, run the pass, write the model, and score it on the selection split.

    Args:
        run: a finished run.
        library: the library that it was trained on.
        wanted: settings.
        folder: where the results go; an interrupted pass in it is continued.
        labels: labels of people, which override the gold answers of their rollouts.
        given: pairs made of labels, learnt from beside those of the rollouts; the only ones where
            the run learnt from labels, since its journal holds no gold answers.
        say: called with progress messages.

    Raises:
        BadInputError: there is no usable pair, no weights of that step, or the folder holds other
            results.
        TrainingFault: the loss is not a finite number, or the disk is full.
    """
    quiet_libraries()
    recipe = run.recipe()
    check_corpus(run, library.corpus_hash)
    told = verdicts(labels)
    pairs, tally = pairs_of(_rollouts(run, wanted.until), wanted.pairs, told)
    pairs, tally = [*pairs, *given], tally.model_copy(update={"given": len(given)})
    check_pairs(run, wanted, tally)
    with run.held():
        settings = wanted.model_copy(update={"labels": len(told), "given": len(given)})
        opened_folder(folder, settings)
        passed = _Pass(run, recipe, library, wanted, folder, say)
        curve = passed.trained(pairs)
        found = G2dReport(
            run=run.name,
            until=wanted.until,
            tally=tally,
            curve=curve,
            entropy=entropy_until(run, wanted.until),
            scores=tuple(score_each((BEFORE, AFTER), folder, passed.score)),
            folder=str(folder / WRITTEN),
        )
        text = found.model_dump_json(indent=1) + "\n"
        (folder / REPORT).write_text(text, encoding="utf-8")
        return found


def _rollouts(run: Run, until: int) -> Iterator[ScoredTrace]:
    """Yield the rollouts up to a step with their gold answers; none of a run without these."""
    if run.recipe().labels is None:
        yield from (one for one in read_scored(run.traces.path) if one.step <= until)


def check_pairs(run: Run, wanted: Preference, tally: PairTally) -> None:
    """Check that there is something to learn from.

    Raises:
        BadInputError: there is no pair; says what became of the rollouts.
    """
    if tally.pairs or tally.given:
        return
    rule = wanted.pairs
    raise BadInputError(
        f"{run.name} has no usable pair up to step {wanted.until}: of {tally.questions} questions"
        f" with {tally.rollouts} rollouts, {tally.usable} have a share right from {rule.lowest:g}"
        f" to {rule.highest:g}, and none of those has two different answers of comparable length."
    )


def entropy_until(run: Run, step: int) -> float | None:
    """Return the mean of the entropies that the run measured up to a step; ``None`` without any."""
    rows = [row["entropy"] for row in run.metrics.rows() if row["step"] <= step]
    known = [float(one) for one in rows if one is not None]
    return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class _Pass:
    """One pass of DPO in a folder."""

    run: Run
    recipe: Recipe
    library: Library
    wanted: Preference
    folder: Path
    say: Say

    def trained(self, pairs: Sequence[Pair]) -> DpoCurve:
        """Run the pass where its model is not written yet; return its losses."""
        curve = self.folder / WRITTEN / CURVE
        if not curve.is_file():
            self.say(f"{self.run.name}: DPO on {len(pairs)} pairs, from step {self.wanted.until}")
            model, tokenizer = model_at(self.run, self.wanted.until), self._student().tokenizer
            found = prefer(model, tokenizer, pairs, self.wanted.dpo, self.folder / PASS)
            adapter = {"selected_adapters": ["default"]} if self.recipe.model.lora else {}
            with whole(self.folder / WRITTEN) as draft:
                model.save_pretrained(draft, **adapter)
                tokenizer.save_pretrained(draft)
                (draft / CURVE).write_text(found.model_dump_json() + "\n", encoding="utf-8")
        return DpoCurve.model_validate(json.loads(curve.read_text(encoding="utf-8")))

    def score(self, name: str) -> Scored:
        """Score the start or the result on the selection split."""
        asked = held_out(self.recipe, self.library, self.wanted.limit, split="selection")
        self.say(f"{self.run.name}, {name} the pass: {len(asked)} questions")
        model = (
            model_at(self.run, self.wanted.until)
            if name == BEFORE
            else reopened(self.recipe.model, self.folder / WRITTEN)
        )
        found = answers(self.recipe, self.library, self._student().codec, model, asked)
        return Scored(name=name, right=share_right(found), questions=len(found))

    def _student(self) -> Any:
        return load_model(self.recipe.model, self.recipe.train.seed)

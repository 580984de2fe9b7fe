"""Model card of a run, in the format of the Hugging Face Hub: what was trained, and on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rl.recipes.recipe import Recipe
from rl.run.run_directory import Run

CARD = "README.md"
NEWEST = 10
"""Steps whose metrics are averaged."""
SHOWN = ("reward", "outcome/correct", "outcome/wrong", "outcome/abstained", "dated", "entropy")
"""Metrics of the card, beside the mean of each reward."""


def write_model_card(run: Run) -> Path:
    """Write ``README.md`` of a run and return its path.

    Raises:
        RunError: there is no run.
    """
    path = run.folder / CARD
    path.write_text(model_card(run), encoding="utf-8")
    return path


def model_card(run: Run, repo: str | None = None) -> str:
    """Return the model card of a run, from the files of its directory.

    Args:
        run: the run.
        repo: the repository of a hub that the card is for; ``None``: the run's own directory.

    Raises:
        RunError: there is no run.
    """
    recipe, facts, rows = run.recipe(), run.facts(), list(run.metrics.rows())
    config = (run.folder / "config.toml").read_text(encoding="utf-8")
    versions = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    return f"""{_front_matter(recipe)}
# {run.name}

{recipe.about or recipe.name} Trained by reinforcement learning with InForce, a legal-search agent
that cites only law in force on the date that governs the case.

| | |
|---|---|
| base model | {recipe.model.name} |
| trained | {_trained(recipe)} |
| optimiser steps | {rows[-1]["step"] if rows else 0} |
| questions | {facts.questions}, split `{recipe.data.split}` |
| corpus | `{facts.corpus_hash[:12]}` |
| seed | {facts.seed} |
| InForce | `{facts.commit}` |
| libraries | {versions} |

## Use

```
{_use(recipe, run, repo)}
```

Every answer is checked by InForce's verifier; outside it the model's drafts are not checked.

## Training metrics

Means of the last {min(NEWEST, len(rows))} steps, on training questions. They are no
evaluation: `inforce eval run {run.name}` scores the model on works that are not in the training
set.

{_metrics(rows)}

## Recipe

```toml
{config.strip()}
```
"""


def _front_matter(recipe: Recipe) -> str:
    library = "peft" if recipe.model.lora else "transformers"
    named = f"base_model: {recipe.model.name}\n" if "/" in recipe.model.name else ""
    return f"---\nlibrary_name: {library}\n{named}tags:\n- inforce\n- legal\n- grpo\n---\n"


def _trained(recipe: Recipe) -> str:
    lora = recipe.model.lora
    if lora is None:
        return "all weights"
    over = " over weights in 4 bits (NF4)" if recipe.model.quantised else ""
    return f"a LoRA adapter of rank {lora.rank}{over}"


def _use(recipe: Recipe, run: Run, repo: str | None) -> str:
    """Return the commands that serve the model: from the run's directory, or from a hub."""
    if repo is None:
        return f"INFORCE_POLICY={_opened_as(recipe, run)} inforce serve"
    folder = repo.rpartition("/")[2]
    opened = f"{recipe.model.name}+{folder}" if recipe.model.lora else f"./{folder}"
    return f"inforce runs pull {repo} --to {folder}\nINFORCE_POLICY={opened} inforce serve"


def _opened_as(recipe: Recipe, run: Run) -> str:
    """Return the name by which the newest checkpoint opens as a policy."""
    steps = [int(one.name.rpartition("-")[2]) for one in run.checkpoints.glob("checkpoint-*")]
    folder = Path(run.checkpoints.name) / f"checkpoint-{max(steps) if steps else 'N'}"
    return f"{recipe.model.name}+{folder}" if recipe.model.lora else str(folder)


def _metrics(rows: Sequence[Mapping[str, Any]]) -> str:
    newest = rows[-NEWEST:]
    names = {name for row in newest for name in row}
    rewards = sorted(name for name in names if name.startswith("rewards/") and "mean" in name)
    lines = ["| metric | mean |", "|---|---|"]
    for name in (*SHOWN, *rewards):
        values = [row[name] for row in newest if isinstance(row.get(name), int | float)]
        if values:
            lines.append(f"| `{name}` | {fmean(values):.3f} |")
    return "\n".join(lines) if len(lines) > 2 else "No step has been made yet."

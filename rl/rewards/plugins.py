"""Rewards from outside the package: Python files named in a recipe, and installed packages.

A reward is a function of a trace and its question, marked with :func:`reward`. A recipe names the
file (``plugins`` in ``[rewards]``); an installed package offers a module or function in the
entry-point group ``inforce.rewards``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from agent.trace import Trace
from corpus.errors import BadInputError, InForceError
from corpus.installed import REWARDS as INSTALLED
from corpus.installed import Installed, installed
from corpus.model import Frozen
from corpus.questions import Question
from rl.recipes.judge_settings import JudgeSettings
from rl.rewards import REWARDS, Reward, RewardSpec
from rl.rewards.judge import JUDGE, JudgeReward
from rl.rewards.scorer import Unscored

_MARK = "__inforce_reward_weight__"


def reward(weight: float = 1.0) -> Callable[[Reward], Reward]:
    """Mark a function as a reward, with its usual weight.

    The function takes a trace and its question and returns a finite number, or ``None`` if it does
    not apply. Its docstring says what it measures. If it raises, the rollout is unscored.
    """

    def marked(function: Reward) -> Reward:
        setattr(function, _MARK, float(weight))
        return function

    return marked


@dataclass(frozen=True)
class PluginReward:
    """A reward of a plugin; a :class:`~rl.rewards.scorer.Scorer`. ``source`` is file or package."""

    name: str
    measures: str
    weight: float
    source: str
    function: Reward

    def score(self, trace: Trace, question: Question) -> float | Unscored:
        """Return the reward, or why there is none; a fault of the function names its line."""
        try:
            value = self.function(trace, question)
        except InForceError:
            raise
        except Exception as fault:  # noqa: BLE001 - code of others; the rollout is unscored
            return Unscored(reason=_told(self.source, fault))
        if value is None:
            return Unscored(reason=f"{self.name} does not apply")
        if isinstance(value, bool | int | float) and math.isfinite(value):
            return float(value)
        return Unscored(reason=f"{self.source}: {self.name} returned {value!r}, not a number")


AnyReward = RewardSpec | PluginReward | JudgeReward


class ListedReward(Frozen):
    """A reward, as ``inforce rewards list`` prints it.

    Attributes:
        name: its name, as recipes write it.
        weight: its usual weight.
        source: ``inforce``, the file, or the package that defines it.
        measures: what it measures.
    """

    name: str
    weight: float
    source: str
    measures: str


def listed_rewards(files: Sequence[Path] = ()) -> tuple[ListedReward, ...]:
    """Return all rewards for display; raises as :func:`available_rewards`."""
    return tuple(
        ListedReward(
            name=one.name,
            weight=one.weight,
            source=one.source if isinstance(one, PluginReward) else "inforce",
            measures=one.measures,
        )
        for one in available_rewards(files).values()
    )


def available_rewards(
    files: Sequence[Path] = (), judge: JudgeSettings | None = None
) -> Mapping[str, AnyReward]:
    """Return all rewards by name: built in, installed, and those of plugin files.

    Args:
        files: the plugin files.
        judge: the model behind the reward ``judge``; without one it can be listed, not asked.

    Raises:
        BadInputError: a file cannot be read or run, defines no reward, a reward has no docstring,
            or two have the same name.
    """
    found: dict[str, AnyReward] = {**REWARDS, JUDGE: JudgeReward(judge)}
    for one in (*_installed(), *(r for file in files for r in rewards_of_file(file))):
        if one.name in found:
            raise BadInputError(
                f"{one.source}: there is already a reward '{one.name}'; give yours another name."
            )
        found[one.name] = one
    return found


def reward_scorers(
    names: Iterable[str], files: Sequence[Path] = (), judge: JudgeSettings | None = None
) -> tuple[AnyReward, ...]:
    """Return the rewards with these names; ``judge`` is the model behind the reward of that name.

    Raises:
        BadInputError: there is no reward of a name; as :func:`available_rewards`.
    """
    known = available_rewards(files, judge)
    wanted = tuple(names)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        listed = ", ".join(known)
        raise BadInputError(f"There is no reward '{unknown[0]}'; there are {listed}.")
    return tuple(known[name] for name in wanted)


def rewards_of_file(file: Path) -> tuple[PluginReward, ...]:
    """Return the rewards that a Python file defines, in its order.

    Raises:
        BadInputError: as :func:`available_rewards`.
    """
    try:
        code = file.expanduser().resolve().read_bytes()
    except OSError as fault:
        raise BadInputError(f"The reward file {file} cannot be read: {fault.strerror}.") from fault
    digest = hashlib.blake2b(code, digest_size=8).hexdigest()
    found = tuple(_marked(_module(file.expanduser().resolve(), digest), file.name))
    if not found:
        raise BadInputError(f"{file} defines no reward: mark a function with @reward().")
    return found


@cache
def _module(file: Path, digest: str) -> ModuleType:
    """Import a file under a name of its own; the digest makes a changed file a new module."""
    name = f"inforce_reward_file_{file.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadInputError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as fault:
        raise BadInputError(f"{file.name}, line {fault.lineno}: {fault.msg}.") from fault
    except Exception as fault:
        raise BadInputError(f"{_told(file.name, fault)}.") from fault
    return module


def _marked(module: ModuleType, source: str) -> Iterator[PluginReward]:
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__ and hasattr(value, _MARK):
            yield _plugin(name, value, source)


def _plugin(name: str, function: Reward, source: str) -> PluginReward:
    measures = " ".join((function.__doc__ or "").split())
    if not measures:
        line = getattr(getattr(function, "__code__", None), "co_firstlineno", "?")
        raise BadInputError(
            f"{source}, line {line}: the reward '{name}' has no docstring; say what it measures."
        )
    return PluginReward(name, measures, getattr(function, _MARK), source, function)


def _installed() -> Iterator[PluginReward]:
    for one in installed(INSTALLED):
        yield from rewards_of(one)


def rewards_of(one: Installed) -> tuple[PluginReward, ...]:
    """Return the rewards of an entry of an installed package: of a module, or one function.

    Raises:
        BadInputError: it cannot be loaded, or is not marked.
    """
    loaded = one.load()
    if isinstance(loaded, ModuleType):
        return tuple(_marked(loaded, one.source))
    if not callable(loaded) or not hasattr(loaded, _MARK):
        raise one.refused("is not marked with @reward()")
    return (_plugin(one.name, loaded, one.source),)


def _told(source: str, fault: BaseException) -> str:
    """Return the fault in one line, with the line of the reward file."""
    frames = traceback.extract_tb(fault.__traceback__)
    line = next((f.lineno for f in reversed(frames) if Path(f.filename).name == source), None)
    place = f"{source}, line {line}" if line else source
    return f"{place}: {type(fault).__name__}: {fault}"

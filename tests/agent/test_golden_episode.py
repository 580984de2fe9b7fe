"""One thread of three turns, kept number by number: what training reads is what was sampled.

``golden_episode.json`` changes only when prompts, tools' names or the rendering change on purpose:
``INFORCE_GOLDEN=write`` in the environment writes it anew, and the change is then to be read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.models import rendering
from agent.models.sampling import Completion, Sampling
from agent.models.token_sequence import episode
from agent.policies.language_model import ModelPolicy
from agent.trace import StopReason, Trace
from tests.agent.test_rendering import ANSWER, DAY, READ, SEARCH
from tests.agent.toymodel import END, Script, ToyCodec, merged, spelt

FILE = Path(__file__).with_name("golden_episode.json")


def thread(library: Library) -> Trace:
    policy = ModelPolicy(
        "toy", ToyCodec("tool"), Script(SEARCH, READ, ANSWER), Sampling(max_tokens=500)
    )
    return ask(library, "How long is the register kept?", as_at=DAY, policy=policy)


def recorded(trace: Trace) -> dict[str, Any]:
    """Return the ids as the trace holds them, each turn's apart, and the mask of the whole."""
    shown, known = [], 0
    for turn in trace.turns:
        shown.append(list(turn.prompt_ids[known:]))
        known = len(turn.prompt_ids) + len(turn.completion_ids)
    return {
        "prompt": shown[0],
        "assistant": [list(turn.completion_ids) for turn in trace.turns],
        "tool": shown[1:],
        "mask": list(episode(trace.turns).mask),
    }


def test_golden_three_turn_episode(library: Library) -> None:
    trace = thread(library)
    assert trace.stop is StopReason.ANSWERED
    found = recorded(trace)
    if os.environ.get("INFORCE_GOLDEN") == "write":
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(found[key])}" for key in found)
        FILE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    golden = json.loads(FILE.read_text(encoding="utf-8"))
    assert found == golden
    whole = episode(trace.turns)
    parts = [golden["assistant"][0]]
    for told, said in zip(golden["tool"], golden["assistant"][1:], strict=True):
        parts += [told, said]
    assert list(whole.prompt_ids) == golden["prompt"]
    assert list(whole.completion_ids) == [i for part in parts for i in part]
    assert [sum(whole.mask), len(whole.mask)] == [
        sum(map(len, golden["assistant"])),
        sum(map(len, parts)),
    ]


def again(codec: ToyCodec, ids: tuple[int, ...]) -> tuple[int, ...]:
    """Decode a completion and encode it again, as a careless program would."""
    body = [i for i in ids if i != END]
    return (*merged(codec.decode(body)), *ids[len(body) :])


def retokenised_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    real = rendering.render

    def careless(state: Any, codec: ToyCodec, room: int) -> tuple[int, ...]:
        turns = tuple(
            turn.model_copy(update={"completion_ids": again(codec, turn.completion_ids)})
            for turn in state.turns
        )
        return real(state.model_copy(update={"turns": turns}), codec, room)

    monkeypatch.setattr("agent.policies.language_model.render", careless)


def retokenised_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ModelPolicy._act

    def careless(self: Any, *given: Any) -> Any:
        act = real(self, *given)
        ids = again(self.codec, act.completion_ids)
        return act.model_copy(update={"completion_ids": ids, "logprobs": act.logprobs[: len(ids)]})

    monkeypatch.setattr(ModelPolicy, "_act", careless)


def retokenised_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Script.sample

    def careless(self: Script, prompt: Any, sampling: Any, stop: Any) -> Completion:
        drawn = real(self, prompt, sampling, stop)
        ids = again(ToyCodec(), drawn.ids)
        return drawn.model_copy(update={"ids": ids, "logprobs": drawn.logprobs[: len(ids)]})

    monkeypatch.setattr(Script, "sample", careless)


@pytest.mark.parametrize("fault", [retokenised_prompt, retokenised_completion, retokenised_sample])
def test_decoding_and_encoding_again_anywhere_is_noticed(
    library: Library, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]
) -> None:
    codec = ToyCodec()
    assert again(codec, (*spelt(READ), END)) != (*spelt(READ), END)
    fault(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        test_golden_three_turn_episode(library)

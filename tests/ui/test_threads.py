"""A thread over the demonstration corpus reads back every type that it holds."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from agent.graph.checkpoints import Thread, in_memory
from agent.graph.nodes import Context
from agent.graph.run import start
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest
from ui.demo import DAY, QUESTION


@pytest.mark.parametrize("day", [DAY, date(2012, 4, 6)])
def test_no_type_of_a_thread_is_blocked_when_it_is_read(
    library: Library, caplog: pytest.LogCaptureFixture, day: date
) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    asked = AskRequest(question=QUESTION, as_at=day)
    with caplog.at_level(logging.WARNING):
        list(start(context, asked, Thread(in_memory(), "one")))
    assert "Blocked deserialization" not in caplog.text

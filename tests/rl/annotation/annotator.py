"""An annotator in a process of its own: decides until it is killed, and notes what was saved."""

from __future__ import annotations

import os
import random
import time

from corpus.errors import StoreError
from rl.annotation.items import Decision, Skipped
from rl.annotation.queue import assignments
from rl.annotation.queue.label_queue import LabelQueue, QueueError
from tests.rl.annotation.projects import chosen, fresh, text_of


def main(url: str, person: str, journal: str) -> None:
    """Decide until killed."""
    chance = random.Random(f"{person} {os.getpid()}")
    notes = os.open(journal, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            with LabelQueue.open(url) as queue:
                while work(queue, person, chance, notes):
                    pass
        except StoreError:  # the database ended the connection
            pass
        time.sleep(chance.random() / 10)


def work(queue: LabelQueue, person: str, chance: random.Random, notes: int) -> bool:
    held = assignments.next_item(queue, "fees", person)
    if held is None:
        return False
    time.sleep(chance.random() / 200)
    drawn = chance.random()
    if drawn < 0.05:
        assignments.save_draft(queue, held, person, "so far")
        return True
    if drawn < 0.1:
        assignments.give_back(queue, held, person)
        return True
    decision = chosen(chance.choice("AB"))
    if drawn < 0.15:
        decision = Decision(choice=Skipped(reason="not mine"))
    submission = fresh()
    try:
        assignments.submit(queue, held, person, decision, submission, text_of)
    except QueueError:
        return True
    os.write(notes, f"{submission}\n".encode())
    return True

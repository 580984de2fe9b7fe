"""What people read at once, and what of one of them another was sent."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from agent.matters.store import Matters, matters_url
from agent.people import People, Role, people_url
from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from eval.bench.desk.serving import Served
from eval.bench.desk.visitor import Visit, Visitor, marker
from retrieval.index_build import load

SECRET = "the-cookie-secret-of-a-benchmark-on-this-machine"
DAY = "2006-04-04"
QUESTION = "À partir de quel âge peut-on contracter mariage ?"
OWN = {"ask", "answer by id", "search", "matters"}
"""The pages that show a word of the person who reads them."""


@dataclass
class Seen:
    """What people were sent, by page; shared by their threads."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    foreign: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    in_addresses: int = 0
    answers: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, number: int, page: str, visit: Visit) -> None:
        """Add the visit of a person."""
        own = marker(number)
        with self._lock:
            self.seconds[page].append(visit.seconds)
            self.foreign += [f"{page}: {each}" for each in visit.markers - {own}]
            self.in_addresses += "MARKER" in visit.query
            if visit.failed:
                self.failed.append(page)
            if page in OWN and own not in visit.markers:
                self.lacking.append(page)


def prepared(store: str, home: Path, people: int) -> Settings:
    """Load the demonstration corpus and add the people."""
    settings = Settings(store_url=store, index_url=f"embedded:{home / 'index'}")
    load(Jsonl(*demo_files()), settings, strict=True)
    with People.open(people_url(settings)) as kept, Matters.open(matters_url(settings)) as matters:
        for number in range(people):
            person = kept.add(person_id(number), f"Person {number}", [Role.READER])
            matters.create(person, f"Case {marker(number)}")
    return settings


def person_id(number: int) -> str:
    """Return what the person of a number signs in as."""
    return f"person{number}@bench.example"


def alone(app: Served, rounds: int) -> Seen:
    """Let one person read every page so many times."""
    seen = Seen()
    for _ in range(rounds):
        read_all(app, 0, seen)
    return seen


def together(app: Served, people: int, rounds: int) -> Seen:
    """Let all people begin at the same moment; every person waits for each of their pages."""
    seen, gate = Seen(), threading.Barrier(people)

    def use(number: int) -> None:
        gate.wait()
        for _ in range(rounds):
            read_all(app, number, seen)

    with ThreadPoolExecutor(people) as pool:
        for done in [pool.submit(use, number) for number in range(people)]:
            done.result()
    return seen


def read_all(app: Served, number: int, seen: Seen) -> None:
    """Read every page once as a person; the answer is found again in a session of its own."""
    word, person = marker(number), person_id(number)
    with Visitor(app.address, SECRET, person) as visitor:
        asked = visitor.visit("", q=f"{QUESTION} {word}", as_at=DAY)
        seen.note(number, "ask", asked)
        seen.answers[number] = asked.query.partition("id=")[2]
        seen.note(number, "search", visitor.visit("search", q=f"mariage {word}", as_at=DAY))
        seen.note(number, "act", visitor.visit("law", act="fr/code-civil", as_at=DAY))
        place = "fr/code-civil#marriage-age"
        seen.note(number, "provision", visitor.visit("law", provision=place, as_at=DAY))
        seen.note(number, "coverage", visitor.visit("coverage", as_at=DAY))
        seen.note(number, "matters", visitor.visit("matters"))
    with Visitor(app.address, SECRET, person) as visitor:
        visit = visitor.visit("", id=seen.answers[number])
        seen.note(number, "answer by id", visit)
        others = [name for other, name in list(seen.answers.items()) if other != number]
        if others:
            seen.note(number, "another's id", visitor.visit("", id=others[-1]))

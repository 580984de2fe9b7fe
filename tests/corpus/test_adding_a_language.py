"""A language is added by its folder alone: whatever would need code too, fails here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl")

DATES = r"""
written = "{day}-a {month} {year}"
months = [["Janvo"], ["Fevvo"], ["Marvo"], ["Apvo"], ["Mavo"], ["Junvo"], ["Julvo"], ["Augvo"],
    ["Sepvo"], ["Okvo", "Oktvo"], ["Novvo"], ["Decvo"]]
forms = ['{day}-a\s+{month}\s+{year}']
"""
NUMERALS = r"""
between = "kaj"
doubtful = ["unvo"]
[words]
unvo = 1
duvo = 2
sepvo = 7
[scales]
centvo = 100
"""
SEARCH = """
stop_words = "kio estas jurvo laŭ"
kept_letters = "ŭ"
stemmer = "finnish"
"""
FIGURES = r"""
prison = 'karcervo'
[rate]
"%" = 'elcentvo\b'
[period]
year = 'jarvoj?\b'
month = 'monatvoj?\b'
[money]
zlotvo = 'zlotvoj?\b'
[symbols]
"₴" = "zlotvo"
[addresses]
singular = 'paragravo'
uncounted = 'paragravo'
links = 'kaj'
lists = 'kaj'
"""
PLACES = """
[phrases]
xr = ["en Ruritanvo"]
"""
CUES = """
instruments = ["Legvo"]
date_links = ["devo"]
[roles]
contract = ["kontraktvo"]
[issues]
tax = ["impostvo"]
"""
QUESTIONS = """
citation = "{label}, {title}"
frame = "… {lead}[…]{tail} …"
value = ["Je {date} {what} staris en {citation}: {frame}?"]
value_undated = ["{what} staras en {citation}: {frame}?"]
text = ["Kion diris {citation} je {date}?"]
text_undated = ["Kion diras {citation}?"]
version = ["Kiu versivo de {citation} validis je {date}?"]
version_known = ["Laŭ {known}, kiu versivo de {citation} validis je {date}?"]
[what]
money = "kioma sumvo"
rate = "kioma elcentvo"
period = "kioma tempvo"
prison = "kioma karcervo"
count = "kiom"
"""
SYNTHETIC = """
turn = 99
jurisdiction = "xr"
label = "paragravo {n}"
suffixes = ["a", "b", "c", "d", "e", "f"]
title = "Legvo pri {noun} kaj {other} {year}"
short = "{initials} {year}"
citation = "{year}/{number}"
instrument = "Legvo {section}/{year} pri {noun}"
heading = "{Noun} kaj {other}"
group = " "
heads = ["naviv", "plantav", "fabrikov", "ratifikv", "formov", "delegv", "modifv", "notifv"]
tails = ["ado", "isto", "ejo", "ilo", "ulo", "eco", "aro", "umo", "ingo", "anto"]
patterns = [
    "Kiu havas {a} sen {b} pagas {money} al la fisko.",
    "Oni enskribas {a} en {b} antaŭ {period} post {c}.",
    "Kiu rompas {a} en {b} ricevas karcervo de {prison}.",
    "La {a} egalas al {rate} de {c}.",
    "Tio validas por {a} kun {count} personoj en {b}.",
    "La {a} povas nomi {b} por {c}.",
]
[figures]
money = "{v} zlotvoj"
period = ["{v} jarvoj", "{v} monatvoj"]
rate = "{v} elcentvo"
prison = "{v} jarvoj"
count = "{v}"
"""
TABLES = {
    "cues": CUES,
    "dates": DATES,
    "figures": FIGURES,
    "numerals": NUMERALS,
    "places": PLACES,
    "questions": QUESTIONS,
    "search": SEARCH,
    "synthetic": SYNTHETIC,
}

WHAT_IS_READ = """
import json, sys
from datetime import date
from itertools import islice
from agent.governing_date.case_facts import read_facts
from corpus.languages.dates import find_dates, write_date
from corpus.languages.figures import figures
from corpus.languages.numerals import numbers
from corpus.languages.places import places_named
from corpus.languages.stated_figures import figures_in_law, figures_said
from corpus.questions import Question, Span, make_questions
from corpus.synthetic import Synthetic
from corpus.synthetic.grammar import languages
from retrieval.text.analysis import normalise, text_query
from retrieval.text.analyzers import STEMMED
from rl.rewards.stated_answer import states

def fail(fault): raise fault
LAW = "La tempvo estas duvo jarvoj, la sumvo estas ₴700."
QUESTION = "Kontraktvo de 5-a Oktvo 2016 en Ruritanvo, laŭ Legvo devo 1-a Marvo 1999: impostvo?"
facts = read_facts(QUESTION, [])
read = {
    "date": [str(found.day) for found in find_dates(QUESTION)],
    "written": write_date(date(2016, 10, 1), "xx"),
    "numbers": [found.value for found in numbers("duvo centvo kaj sepvo", ["xx"])],
    "figures": [[f.kind, f.text, f.value] for f in figures(LAW, "xx")],
    "held": figures_said("duvo jarvoj, 700 zlotvoj", ["xx"]).without(figures_in_law(LAW, "xx")),
    "missing": figures_said("sepvo jarvoj, paragravo 9", ["xx"]).without(
        figures_in_law(LAW, "xx")
    ),
    "place": list(places_named(QUESTION)),
    "facts": [{role: str(day) for role, day in facts.roles.items()}, facts.issue],
    "terms": sorted(text_query("Kio estas jurvo laŭ hundvo?", ["xx"]).terms),
    "folded": normalise("laŭ lau", "xx"),
    "stemmer": STEMMED.stemmers.get("xx"),
    "synthetic": "xx" in languages(),
}
if read["synthetic"]:
    book = list(Synthetic(400, languages=["xx"]).works(fail))
    asked = list(make_questions(book))
    read["asked"] = sorted({question.text.split()[0] for question in asked})
    read["families"] = sorted({str(question.family) for question in asked})
    about = next(q for q in asked if q.family == "value_at_date" and q.gold_span is not None)
    gold = about.gold_span
    said = (gold.lead or "") + gold.text + gold.tail
    read["right"] = states("Jen: " + gold.text, [said], about)
    read["wrong"] = states("Jen: 987 zlotvoj kaj 987 jarvoj kaj 987 elcentvo", [said], about)
print(json.dumps(read))
"""


def read_in(home: Path) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-c", WHAT_IS_READ],
        check=False,
        capture_output=True,
        text=True,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home), "PYTHONUTF8": "1"},
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("copied")
    for room in ROOMS:
        shutil.copytree(ROOT / room, home / room, ignore=shutil.ignore_patterns("__pycache__"))
    return home


def test_a_folder_alone_adds_a_language(copied: Path) -> None:
    before = read_in(copied)
    folder = copied / "corpus/languages/xx"
    folder.mkdir()
    for subject, table in TABLES.items():
        (folder / f"{subject}.toml").write_text(table, encoding="utf-8")
    after = read_in(copied)
    assert after["date"] == ["2016-10-05", "1999-03-01"]
    assert after["written"] == "1-a Okvo 2016"
    assert after["numbers"] == ["207"]
    assert after["figures"] == [
        ["period", "duvo jarvoj", "2 jarvoj"],
        ["money", "₴700", "700₴"],
    ]
    assert after["held"] == []
    assert after["missing"] == ["paragravo 9", "sepvo jarvoj", "sepvo"]
    assert after["place"] == ["xr"]
    assert after["facts"] == [{"contract": "2016-10-05"}, "tax"]
    assert after["terms"] == ["hundvo"]
    assert after["folded"] == "laŭ lau"
    assert after["stemmer"] == "finnish"
    assert set(after["asked"]) <= {"Je", "Kioma", "Kiom", "Kion", "Kiu", "Laŭ"}
    assert {"value_at_date", "paired_dates", "first_last_day"} <= set(after["families"])
    assert (after["right"], after["wrong"]) == (True, False)
    unread = [key for key in before if before[key] == after[key] and key != "held"]
    assert unread == [], f"read without the folder too: {unread}"

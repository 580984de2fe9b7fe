"""HTML of the Matters page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from agent.graph.replay import Replay
from agent.matters.alerts import Alert
from agent.matters.records import CaseFrame, MatterRecord, Note
from agent.trace_store import TraceLine
from corpus.compare import Segment
from ui.languages.catalogue import word
from ui.law.address import Place, write_place
from ui.markup import escaped, told
from ui.matters.alert_words import alert_words
from ui.words import day_words, extent_title, place_title


def head(matter: MatterRecord) -> str:
    """Return the name of a matter, whose it is, and its facts and dates."""
    parts = [told("matters.owner", who=matter.owner)]
    if matter.reference:
        parts.insert(0, told("matters.its_reference", what=matter.reference))
    if matter.shared_with:
        parts.append(told("matters.shared", who=", ".join(matter.shared_with)))
    archived = f'<p class="missing">{told("matters.is_archived")}</p>' if matter.archived else ""
    facts = "".join(f"<li>{escaped(said)}</li>" for said in frame_words(matter.frame))
    listed = f"<ul>{facts}</ul>" if facts else f"<p>{told('matters.no_facts')}</p>"
    return (
        f'<section class="act matter"><h2>{escaped(matter.name)}</h2><p>{" · ".join(parts)}</p>'
        f"{archived}<h3>{told('matters.facts')}</h3>{listed}</section>"
    )


def frame_words(frame: CaseFrame) -> Iterator[str]:
    """Yield the date, facts and filters of a case in words."""
    if frame.as_at is not None:
        yield word("matters.as_at", day=frame.as_at)
    for role, day in sorted(frame.facts.items()):
        yield word("matters.fact", what=word(f"role.{role.value}"), day=day)
    if frame.known_at is not None:
        yield word("matters.known_at", day=frame.known_at)
    if frame.issue is not None:
        yield word("matters.issue", what=word(f"issue.{frame.issue.value}"))
    if frame.topic is not None:
        yield word("matters.topic", what=frame.topic)
    if frame.jurisdictions:
        yield word("matters.places", where=", ".join(map(place_title, frame.jurisdictions)))
    if frame.extent:
        yield word("matters.extent", where=extent_title(frame.extent))


def alert(one: Alert, today: date, sent: Sequence[str]) -> str:
    """Return an alert with links to the provision on the day of the change and to what changed."""
    day = one.change.day or today
    place = Place(provision=one.citation.provision_id)
    links = [_link(place, day, word("alert.read"))]
    if one.change.kind == "amended":
        before = Place(provision=one.citation.provision_id, other=day)
        links.append(_link(before, day - timedelta(days=1), word("alert.compare")))
    how = f" · {told('alert.sent', how=', '.join(sent))}" if sent else ""
    return (
        f'<article class="card alert {one.change.kind}"><p><strong>'
        f"{escaped(alert_words(one, today))}</strong></p><p>{' · '.join(links)}{how}</p></article>"
    )


def _link(place: Place, day: date, words: str) -> str:
    return f'<a href="{escaped(f"law?{urlencode(write_place(place, day))}")}">{escaped(words)}</a>'


def question(line: TraceLine) -> str:
    """Return a filed question: its text, its governing date and how it ended."""
    when = day_words(line.as_at) if line.as_at else word("ask.no_date")
    ended = line.outcome if line.outcome in {"answered", "closest"} else "abstained"
    outcome = told(f"matters.{ended}")
    asked = told("matters.asked_on", day=line.started.date())
    return (
        f'<article class="card filed"><p class="question">{escaped(line.question)}</p>'
        f"<p>{escaped(when)} · {outcome} · {asked}</p></article>"
    )


def lost() -> str:
    """Return that the answer to a filed question is no longer kept."""
    return f'<article class="card filed"><p>{told("matters.lost")}</p></article>'


def note(one: Note) -> str:
    """Return a note with its author and day."""
    text = "".join(f"<p>{escaped(line)}</p>" for line in one.text.splitlines() if line.strip())
    day = escaped(day_words(one.written.date()))
    return (
        f'<article class="card noted"><p class="quiet">{day} · {escaped(one.author)}</p>'
        f"{text}</article>"
    )


def drift(found: Replay) -> str:
    """Return what differs between an answer and its replay, and the redline of the two."""
    if found.same:
        return f'<p role="status">{told("matters.same")}</p>'
    rows = "".join(
        f"<tr><td>{escaped(one.what)}</td><td>{escaped(one.before)}</td>"
        f"<td>{escaped(one.after)}</td></tr>"
        for one in found.drift
    )
    columns = "".join(f"<th>{told(f'matters.{name}')}</th>" for name in ("what", "before", "after"))
    redline = "".join(map(_segment, found.redline))
    return (
        f'<section class="drift"><h4>{told("matters.drift")}</h4><table><thead><tr>{columns}</tr>'
        f"</thead><tbody>{rows}</tbody></table>"
        + (f'<p class="redline">{redline}</p>' if redline else "")
        + "</section>"
    )


def _segment(part: Segment) -> str:
    mark = {"same": "span", "removed": "del", "added": "ins"}[part.kind]
    return f"<{mark}>{escaped(part.text)}</{mark}>"

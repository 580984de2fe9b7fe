"""HTML of the Training page. All text that is not our own markup is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date

from agent.models.rendering import shown
from agent.trace import Draft, DraftCitation, Sentence, ToolCall, Trace, Turn
from rl.rewards.scored_trace import RolloutRecord
from rl.run.report import Series, colours, drawing, newest, points
from ui.languages.catalogue import word
from ui.markup import escaped
from ui.training.curves import Rows, Standing
from ui.training.saved_rollouts import Listed

LONGEST = 4_000
"""Characters of a tool's result that are shown."""
TEXT = "text { font: 10px sans-serif; fill: #777; }"
"""Style of the labels of a chart."""


def standings(runs: Sequence[Standing]) -> str:
    """Return how far each run is."""
    return "".join(f'<p class="progress" role="status">{_standing(run)}</p>' for run in runs)


def _standing(run: Standing) -> str:
    place: dict[str, date | int | str]
    place = {"run": run.name, "step": run.step, "steps": run.steps}
    if run.seconds is None:
        return escaped(word("training.before_first", **place))
    pace = f"{run.seconds:.1f}"
    if not run.going_on:
        return escaped(word("training.done", **place, seconds=pace))
    minutes = round((run.steps - run.step) * run.seconds / 60)
    return escaped(word("training.going_on", **place, seconds=pace, minutes=minutes))


def charts(names: Sequence[str], runs: Mapping[str, Rows]) -> str:
    """Return one chart for each metric, with a line for each run."""
    series = {name: {run: points(rows, name) for run, rows in runs.items()} for name in names}
    return f'<div class="curves">{"".join(_chart(name, one) for name, one in series.items())}</div>'


def legend(runs: Sequence[str]) -> str:
    """Return the names of runs in the colours of their lines."""
    named = zip(runs, colours(len(runs)), strict=True)
    marks = (f'<span style="color: {colour}">▬</span> {escaped(run)}' for run, colour in named)
    return f'<p class="quiet">{" · ".join(marks)}</p>'


def _chart(name: str, series: Series) -> str:
    """Return a chart as an image, since inline SVG is removed from the page."""
    told = f"{name}: {newest(series)}"
    picture = b64encode(_readable(drawing(name, series)).encode()).decode()
    return (
        f'<figure><img alt="{escaped(told)}" src="data:image/svg+xml;base64,{picture}">'
        f"<figcaption>{escaped(told)}</figcaption></figure>"
    )


def _readable(drawn: str) -> str:
    """Return a drawing with the style of its text, which a page cannot give to an image."""
    return drawn.replace("><", f"><style>{TEXT}</style><", 1)


def differing(names: Sequence[str], settings: Mapping[str, Sequence[object]]) -> str:
    """Return the table of the settings in which runs differ."""
    if not settings:
        return f'<p class="quiet">{escaped(word("training.same"))}</p>'
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{escaped(key)}</th>'
        + "".join(f"<td>{escaped(str(value))}</td>" for value in values)
        + "</tr>"
        for key, values in settings.items()
    )
    return (
        '<div class="overview" tabindex="0" role="region" aria-label="'
        f'{escaped(word("training.differing"))}">'
        f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def rollout_label(one: Listed) -> str:
    """Return the line by which a rollout is chosen: its outcome, rewards and advantage."""
    if one.void is not None:
        return word("training.void")
    earned = ", ".join(f"{name} {_number(value)}" for name, value in one.rewards.items())
    said = f"{one.outcome.name.lower()}: {earned}"
    if one.advantage is None:
        return said
    return f"{said}, {word('training.advantage', value=f'{one.advantage:+.2f}')}"


def earned(record: RolloutRecord) -> str:
    """Return the table of a rollout's rewards, with the reason where there is none."""
    rows = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{_number(value)}</td>'
        f"<td>{escaped(record.unscored.get(name, ''))}</td></tr>"
        for name, value in record.rewards.items()
    )
    gained = word("training.not_kept") if record.advantage is None else f"{record.advantage:+.3f}"
    head = "".join(
        f'<th scope="col">{escaped(word(f"training.{name}"))}</th>'
        for name in ("reward", "value", "unscored")
    )
    told = word("training.earned", outcome=record.outcome.name.lower(), advantage=gained)
    return (
        f'<div class="overview" tabindex="0" role="region" aria-label="'
        f'{escaped(word("training.rewards"))}"><table><thead><tr>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><p class="quiet">{escaped(told)}</p>'
    )


def conversation(record: RolloutRecord) -> str:
    """Return the question of a rollout and its turns: what the model wrote, and what tools said."""
    asked = record.question
    day = word("training.no_date")
    if asked.as_at is not None:
        day = word("training.as_at", day=asked.as_at)
    parts = [
        f'<section class="asked"><h2 lang="{escaped(asked.language)}">{escaped(asked.text)}</h2>'
        f"<p><strong>{escaped(day)}</strong></p></section>"
    ]
    trace = record.trace
    if trace is None:
        return parts[0] + f"<p>{escaped(record.void or word('training.no_trace'))}</p>"
    parts += [_turn(turn) for turn in trace.turns]
    return "".join([*parts, _end(trace)])


def _turn(turn: Turn) -> str:
    told = word("training.told", words=turn.adjustment)
    steered = f'<p class="quiet">{escaped(told)}</p>' if turn.adjustment else ""
    written = len(turn.completion_ids)
    tokens = f" · {word('training.tokens', count=written)}" if written else ""
    head = escaped(word("training.turn", number=turn.index + 1) + tokens)
    return (
        f'<section class="turn"><h3>{head}</h3>{steered}'
        f"<pre>{escaped(turn.text)}</pre>{''.join(map(_call, turn.calls))}"
        f"{_draft(turn.draft)}{_sent_back(turn)}</section>"
    )


def _call(call: ToolCall) -> str:
    said = call.error or shown(call, lambda text: len(text) <= LONGEST)
    head = word("training.answered", tool=call.name)
    return f"<details><summary>{escaped(head)}</summary><pre>{escaped(said)}</pre></details>"


def _draft(draft: Draft | None) -> str:
    if draft is None:
        return ""
    return f"<ul>{''.join(map(_sentence, draft.sentences))}</ul>"


def _sentence(sentence: Sentence) -> str:
    verdict = word("training.stands") if sentence.stands else word("training.struck")
    cited = "".join(map(_cited, sentence.citations))
    return (
        f"<li>{escaped(sentence.text)} <em>({escaped(verdict)})</em>"
        f"{f'<ul>{cited}</ul>' if cited else ''}</li>"
    )


def _cited(citation: DraftCitation) -> str:
    failed = [finding.explanation for finding in citation.findings if not finding.passed]
    why = f" · {escaped(' '.join(failed))}" if failed else ""
    return f"<li>{escaped(citation.version_id)}: “{escaped(citation.quote)}”{why}</li>"


def _sent_back(turn: Turn) -> str:
    return f"<p>{escaped(word('training.sent_back'))}</p>" if turn.sent_back else ""


def _end(trace: Trace) -> str:
    declined = f": {trace.abstention.reason.value}" if trace.abstention else ""
    told = word("training.ended", reason=f"{trace.stop.value}{declined}")
    return f'<p class="quiet">{escaped(told)}</p>'


def _number(value: float | None) -> str:
    return word("training.none") if value is None else f"{value:.2f}"

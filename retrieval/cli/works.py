"""Command-line verbs ``works`` and ``history``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import optional_day, out, parse_day, print_json

if TYPE_CHECKING:
    from corpus.reading.act import Act
    from corpus.reading.changes import ActHistory
    from corpus.reading.holdings import Holdings

app = typer.Typer()

ActName = Annotated[str, typer.Argument(help="Id, title or short title of the act.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command(epilog="Example:  inforce works 'Code civil' --as-at 2016-09-30")
def works(
    act: Annotated[
        str | None,
        typer.Argument(help="Id, title or short title of an act; left out: every act is listed."),
    ] = None,
    as_at: Annotated[
        str | None,
        typer.Option(
            help="The day: required for the contents of an act; for the list, what of it "
            "is covered on that day."
        ),
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(help="Only acts of this jurisdiction; may be repeated.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only acts of this kind: act, code, ...")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of an act, also the numbers without a text in force.")
    ] = False,
    json: Json = False,
) -> None:
    """List what the library holds of each act; with ACT, its contents as it stood on a day.

    The list shows for which days the record of an act is complete, its gaps and territories, when
    its source was read, and what reading it showed.
    """
    from corpus.errors import BadInputError
    from corpus.reading.act import act_as_at
    from corpus.reading.holdings import holdings
    from corpus.settings import Settings
    from retrieval.citations.named_act import named_act
    from retrieval.filters import check_chosen, check_filters
    from retrieval.whole_state import last_whole_state

    day = optional_day(as_at, "--as-at")
    with last_whole_state(Settings.load()) as store:
        if act is None:
            check_filters(store, store.works(), jurisdiction or (), None)
            check_chosen(store.works(), kinds=[kind] if kind else [])
            held = holdings(store, day, tuple(jurisdiction or ()), kind)
            print_json(held.model_dump(mode="json")) if json else _show_holdings(held)
            return
        if day is None:
            raise BadInputError("--as-at: the day is missing on which the act is read")
        history = store.work_history(named_act(store.works(), act).id)
    if history is None:
        raise BadInputError(f"The corpus holds no act '{act}'.")
    found = act_as_at(history, day)
    if not everything:
        found = found.model_copy(update={"entries": found.live})
    print_json(found.model_dump(mode="json")) if json else _show_act(found)


@app.command(epilog="Example:  inforce history 'Code civil' --since 2016-01-01")
def history(
    act: ActName,
    since: Annotated[str | None, typer.Option(help="Only days from this one on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only days up to this one.")] = None,
    json: Json = False,
) -> None:
    """List the days on which an act changed: what began, changed, ended and moved on each.

    The versions of one provision are listed by 'inforce versions'.
    """
    from corpus.errors import BadInputError
    from corpus.reading.changes import act_history
    from corpus.settings import Settings
    from retrieval.citations.named_act import named_act
    from retrieval.whole_state import last_whole_state

    first = parse_day(since, "--since") if since else None
    last = parse_day(until, "--until") if until else None
    with last_whole_state(Settings.load()) as store:
        work = named_act(store.works(), act)
        read, texts = store.source_read(work.id), store.work_history(work.id)
    if texts is None:
        raise BadInputError(f"The corpus holds no act '{act}'.")
    found = act_history(texts, read)
    days = (
        each
        for each in found.days
        if (first is None or each.day >= first) and (last is None or each.day <= last)
    )
    found = found.model_copy(update={"days": tuple(days)})
    print_json(found.model_dump(mode="json")) if json else _show_history(found)


def _show_holdings(held: Holdings) -> None:
    from rich.markup import escape
    from rich.table import Table

    from corpus.force_words import source_words

    table = Table("act", "title", "provisions", "texts", "complete", "gaps", "source", "faults")
    for each in held.acts:
        spans = "; ".join(span.words() for span in each.covered)
        cells = (
            *(each.work, each.title, str(each.provisions), str(each.versions), spans),
            *(str(len(each.gaps)), source_words(each.source_read).text, " ".join(each.faults[:2])),
        )
        table.add_row(*map(escape, cells))
    out.print(table)
    for words in held.left_out:
        out.print(f"left out: {words}", markup=False)


def _show_act(found: Act) -> None:
    from rich.markup import escape

    from corpus.reading.contents import opened

    out.print(f"[bold]{escape(found.work.title)}[/] on {found.as_at}")
    if not found.covered:
        out.print("The corpus does not cover this day: the law of the act is then not known.")
    around: tuple[str, ...] = ()
    for entry in found.entries:
        for depth, name in opened(around, entry.divisions):
            out.print(f"{'  ' * depth}{name}", style="bold", markup=False)
        around = entry.divisions
        status = "" if entry.status == "in_force" else f"  [{entry.status.replace('_', ' ')}]"
        out.print(f"{entry.label}  {entry.heading or ''}{status}", markup=False)


def _show_history(found: ActHistory) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("day", "began", "changed", "ended", "moved", "record stops", "by")
    for each in found.days:
        lists = (each.began, each.changed, each.ended, each.renumbered, each.unrecorded)
        cells = (str(each.day), *map(_listed, lists), ", ".join(each.instruments))
        table.add_row(*map(escape, cells))
    out.print(f"[bold]{escape(found.title)}[/]")
    out.print(table)


def _listed(labels: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more

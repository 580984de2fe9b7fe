"""Command-line verbs ``search`` and ``searches``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, parse_day, print_json
from retrieval.cli.law import Jurisdictions

if TYPE_CHECKING:
    from retrieval.search import FoundLine, Searched

app = typer.Typer()

Many = list[str] | None
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command(
    epilog="Example:  inforce search 'unfair dismissal' --as-at 2012-04-06 --jurisdiction uk"
)
def search(
    text: Annotated[
        str, typer.Argument(help='Words or citations; words in "…" are searched verbatim.')
    ] = "",
    as_at: Annotated[str | None, typer.Option(help="The day whose law is searched.")] = None,
    jurisdictions: Jurisdictions = None,
    acts: Annotated[
        Many, typer.Option("--act", help="Only the act with this id; may be repeated.")
    ] = None,
    kinds: Annotated[
        Many, typer.Option("--kind", help="Only acts of this kind; may be repeated.")
    ] = None,
    languages: Annotated[
        Many, typer.Option("--language", help="Only texts in this language; may be repeated.")
    ] = None,
    later: Annotated[
        bool, typer.Option("--later", help="Instead: texts that are law only after the day.")
    ] = False,
    earlier: Annotated[
        bool, typer.Option("--earlier", help="Instead: texts that were law only before the day.")
    ] = False,
    extent: Annotated[str | None, typer.Option(help="Only texts that hold there.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most provisions to print.")] = 20,
    save: Annotated[str | None, typer.Option(help="Save words and filters as NAME.")] = None,
    saved: Annotated[
        str | None, typer.Option(help="Run the search saved as NAME; TEXT and filters are its own.")
    ] = None,
    json: Json = False,
) -> None:
    """Search the law of a day: citations first, then words and vectors, with counts to narrow it.

    A saved search keeps words and filters, not the day. 'inforce searches' lists them.
    """
    from corpus.errors import BadInputError
    from corpus.settings import Settings
    from retrieval.index import open_index
    from retrieval.saved_searches import SavedSearches, searches_url
    from retrieval.search import LONGEST, SearchRequest
    from retrieval.search import search as find
    from retrieval.whole_state import last_whole_state

    if as_at is None:
        raise BadInputError("--as-at: the day is missing whose law is searched")
    if bool(text) == bool(saved):
        raise BadInputError("give either words to search for, or --saved NAME")
    if len(text) > LONGEST:
        raise BadInputError(f"at most {LONGEST:,} characters are searched for, not {len(text):,}")
    if later and earlier:
        raise BadInputError("give --later or --earlier, not both")
    day, settings = parse_day(as_at, "--as-at"), Settings.load()
    request = SearchRequest(
        text=text,
        jurisdictions=tuple(jurisdictions or ()),
        works=tuple(acts or ()),
        kinds=tuple(kinds or ()),
        languages=tuple(languages or ()),
        status="not_yet_in_force" if later else "no_longer_in_force" if earlier else "in_force",
        extent=extent,
        limit=limit,
    )
    if save or saved:
        with SavedSearches.open(searches_url(settings)) as kept:
            request = kept.named(saved) if saved else request
            if save:
                kept.save(save, request)
    index = open_index(settings.index_url)
    try:
        with last_whole_state(settings) as store:
            found = find(store, index.pinned(), request, day)
    finally:
        index.close()
    print_json(found.model_dump(mode="json")) if json else _show(found)


@app.command(epilog="Example:  inforce searches --forget 'dismissal'")
def searches(
    forget: Annotated[str | None, typer.Option(help="Remove the search saved as NAME.")] = None,
    json: Json = False,
) -> None:
    """List the searches that were saved on the command line, or in the app without sign-in."""
    from corpus.settings import Settings
    from retrieval.saved_searches import SavedSearches, searches_url

    with SavedSearches.open(searches_url(Settings.load())) as kept:
        if forget is not None:
            kept.forget(forget)
        listed = kept.all()
    if json:
        print_json({"searches": [each.model_dump(mode="json") for each in listed]})
        return
    for each in listed:
        filters = each.request.model_dump(exclude={"text", "limit"}, exclude_defaults=True)
        out.print(f"{each.name}: {each.request.text} {filters or ''}", markup=False)


_NOTHING = {
    "in_force": "No provision in force on the day has these words.",
    "not_yet_in_force": "No text that is law only after the day has these words.",
    "no_longer_in_force": "No text that was law only before the day has these words.",
}


def _show(found: Searched) -> None:
    """Print citations, counts and provisions."""
    if found.words_only:
        out.print(found.words_only, markup=False)
    for cited in found.citations:
        out.print(f"{cited.citation}: {cited.explanation}", markup=False)
    for line in found.found:
        _show_line(line)
    if not found.found:
        out.print(_NOTHING[found.request.status])
    for name, counted in found.counts.model_dump().items():
        most = sorted(counted.items(), key=lambda each: -each[1])[:8]
        listed = ", ".join(f"{key} {count:,}" for key, count in most if count)
        out.print(f"{name}: {listed or 'none'}", markup=False)


def _show_line(line: FoundLine) -> None:
    days = f"{line.valid_from} to {line.valid_to or 'open'}"
    cited = " (cited)" if line.cited else ""
    when = "" if line.status == "in_force" else f" [{line.status.replace('_', ' ')}]"
    out.print(f"{line.title}, {line.label}{cited}{when}  {days}", markup=False)
    out.print(f"  {' '.join(line.passage.text.split())}", markup=False)

"""``inforce index``: build, look after and check the search index."""

from __future__ import annotations

from typing import Annotated

import typer

from corpus.console import out, print_json, progress_bar

app = typer.Typer(no_args_is_help=True, help="Build, check and look after the search index.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(epilog="Example:  inforce index build")
def build(
    anew: Annotated[
        bool, typer.Option("--anew", help="Even if it already holds this state of the corpus.")
    ] = False,
    json: Json = False,
) -> None:
    """Build the index from the store beside the one in use, then swap it in."""
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.index import open_builder
    from retrieval.index_build import refresh_index
    from retrieval.index_rows import indexed_texts

    settings = Settings.load()
    with Store.open(settings.store_url) as store, progress_bar("Indexing") as advance:
        if anew:
            builder, told = open_builder(settings.index_url), lambda n: advance(n, None, "rows")
            rows = builder.build(indexed_texts(store), store.corpus_hash(), told)
        else:
            rows = refresh_index(store, settings.index_url, advance)
    if json:
        print_json({"rows": rows})
    else:
        out.print(f"{rows} rows written" if rows else "the index already holds this corpus")


@app.command(epilog="Example:  inforce index status")
def status(json: Json = False) -> None:
    """Say where the index is, what it holds, how large it is and whether it fits the store."""
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.index import open_index

    settings = Settings.load()
    index = open_index(settings.index_url)
    found = index.status()
    index.close()
    with Store.open(settings.store_url) as store:
        current = store.corpus_hash() == found.corpus_hash
    if json:
        print_json({**found.model_dump(), "current": current})
        return
    for name, value in found.model_dump().items():
        out.print(f"{name:<12} {value}", markup=False)
    out.print("it holds the store's present state" if current else "the store has changed since")


@app.command(epilog="Example:  inforce index verify --searches 10000")
def verify(
    searches: Annotated[int, typer.Option(help="How many random dated searches.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Fixes them.")] = 0,
    json: Json = False,
) -> None:
    """Compare the index with the store, row by row and hit by hit. Status 1 when they differ."""
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.index import open_index
    from retrieval.index_check import verify as compare

    settings = Settings.load()
    index = open_index(settings.index_url)
    with Store.open(settings.store_url) as store, progress_bar("Checking") as advance:
        found = compare(store, index, searches, seed, advance)
    index.close()
    if json:
        print_json(found.model_dump())
    else:
        out.print(
            f"{found.rows} rows: {found.missing} missing, {found.surplus} too many; "
            f"{found.searches} searches, {found.hits} hits: {found.wrong} wrong"
        )
        for fault in found.faults:
            out.print(f"  {fault}", markup=False)
    raise typer.Exit(0 if found.sound else 1)


@app.command(epilog="Example:  inforce index swap")
def swap() -> None:
    """Go back to the index before the last build; the one in use stays to go back to."""
    from corpus.settings import Settings
    from retrieval.engines.admin import swap_back

    out.print(f"in use now: {swap_back(Settings.load().index_url)}", markup=False)


@app.command(epilog="Example:  inforce index drop --yes")
def drop(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the index. The store keeps everything; build it anew at any time."""
    from corpus.settings import Settings
    from retrieval.engines.admin import drop as remove

    url = Settings.load().index_url
    if not yes:
        typer.confirm("Remove the search index?", abort=True)
    out.print(f"{remove(url)} builds removed")

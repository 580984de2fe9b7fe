"""Command-line verbs of ``inforce index``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.console import out, print_json, progress_bar

app = typer.Typer(
    no_args_is_help=True,
    help="""Build, check, swap and drop the search index.

    The index is derived from the store and can be built again at any time. INFORCE_INDEX says where
    it is: embedded:FOLDER in this process, or
    elastic+http[s]://[USER:PASSWORD@]HOST[:PORT][,HOST...]/ALIAS in an Elasticsearch cluster (8.19
    or later). Either may end in ?chain=stemmed, which also finds inflected forms in German,
    English, Spanish and French; the default ?chain=plain is the same on every engine.
    """,
)

Vectors = Annotated[
    bool,
    typer.Option(
        "--vectors/--no-vectors",
        help="Embed each new text, to be found by its meaning too; without, by its words alone.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(epilog="Example:  inforce index build")
def build(
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Build even if the index already holds this state of the corpus."
        ),
    ] = False,
    vectors: Vectors = True,
    json: Json = False,
) -> None:
    """Build an index from the store beside the one in use, then swap it in.

    The new index takes over once counts and sample rows agree with the store. Searching an
    Elasticsearch index needs the privileges read and view_index_metadata on ALIAS*; building also
    create_index, delete_index, write, monitor and manage.
    """
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.index_build import embedding_for, refresh_index

    settings = Settings.load()
    embedding = embedding_for(settings.index_url) if vectors else None
    opened = Store.open(settings.store_url, upgrade=True)
    with opened as store, progress_bar("Indexing") as advance:
        rows = refresh_index(store, settings.index_url, advance, anew=anew, embedding=embedding)
    if json:
        print_json({"rows": rows})
    else:
        out.print(f"{rows} rows written" if rows else "the index already holds this corpus")


@app.command(epilog="Example:  inforce index status")
def status(json: Json = False) -> None:
    """Print where the index is, what it holds, its size, and whether it matches the store."""
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
    for name, value in found.model_dump(exclude_none=True).items():
        out.print(f"{name:<12} {value}", markup=False)
    if found.health == "red":
        out.print("it is damaged: build it anew with 'inforce index build'")
    out.print("it holds the store's present state" if current else "the store has changed since")


@app.command(epilog="Example:  inforce index verify --searches 10000")
def verify(
    searches: Annotated[int, typer.Option(help="Number of random dated searches.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Seed of the searches.")] = 0,
    kept_in: Annotated[
        Path | None,
        typer.Option(help="File that keeps the counts; where it exists, the check continues."),
    ] = None,
    patience: Annotated[
        float, typer.Option(help="Seconds for which searches are repeated if they fail.", min=0)
    ] = 0,
    json: Json = False,
) -> None:
    """Compare every row of the index, and the hits of random searches, with the store.

    Exit status 1 when they differ.
    """
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.index import open_index
    from retrieval.index_check import Searches
    from retrieval.index_check import verify as compare

    settings = Settings.load()
    index = open_index(settings.index_url)
    with Store.open(settings.store_url) as store, progress_bar("Checking") as advance:
        wanted = Searches(number=searches, seed=seed, kept_in=kept_in, patience=patience)
        found = compare(store.holding(index.state) or store, index, wanted, advance)
    index.close()
    if json:
        print_json(found.model_dump())
    else:
        out.print(
            f"{found.rows} rows: {found.missing} missing, {found.surplus} too many; "
            f"{found.searches} searches, {found.hits} hits, {found.near} of them by vectors: "
            f"{found.wrong} wrong"
        )
        for fault in found.faults:
            out.print(f"  {fault}", markup=False)
    raise typer.Exit(0 if found.sound else 1)


@app.command(epilog="Example:  inforce index swap")
def swap() -> None:
    """Switch back to the index before the last build; the present one is kept."""
    from corpus.settings import Settings
    from retrieval.engines.admin import swap_back

    out.print(f"in use now: {swap_back(Settings.load().index_url)}", markup=False)


@app.command(epilog="Example:  inforce index drop --yes")
def drop(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Remove the index; the store is not changed."""
    from corpus.settings import Settings
    from retrieval.engines.admin import drop as remove

    url = Settings.load().index_url
    if not yes:
        typer.confirm("Remove the search index?", abort=True)
    out.print(f"{remove(url)} builds removed")

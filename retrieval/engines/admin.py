"""Administer an index: swap back to the previous build, or drop it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from corpus.errors import BadInputError, IndexMissingError
from corpus.locking import file_lock
from retrieval.index_url import IndexUrl, parse_index_url


def swap_back(url: str) -> str:
    """Switch back to the index before the last build; return its name.

    Raises:
        BadInputError: there is no earlier one, or another process changed the one in use.
        IndexMissingError: there is no index.
    """
    target = parse_index_url(url)
    return _swap_cluster(target) if target.engine == "elastic" else _swap_folder(target)


def _swap_folder(target: IndexUrl) -> str:
    from retrieval.engines.embedded_folder import step_back

    folder = Path(target.place)
    if not (folder / "lock").exists():
        raise IndexMissingError(f"there is no search index at {folder}")
    return step_back(folder)


def _swap_cluster(target: IndexUrl) -> str:
    from elasticsearch import NotFoundError

    from retrieval.engines.elastic_client import ElasticSettings, answering, connect
    from retrieval.engines.elastic_schema import live_index
    from retrieval.engines.elastic_swap import indices_of

    with answering(target), connect(target, ElasticSettings.load()) as client:
        alias, live = target.place, live_index(client, target.place)
        held = indices_of(client, alias)
        others = [i for i in held if i.is_complete and not i.live]
        if live is None or not others:
            raise BadInputError(f"{target}: there is no other complete index to go back to")
        back = max(others, key=lambda index: index.age_key).name
        actions: list[dict[str, Any]] = [
            {"add": {"index": back, "alias": alias}},
            {"remove": {"index": live, "alias": alias, "must_exist": True}},
        ]
        try:
            client.indices.update_aliases(actions=actions)
        except NotFoundError:  # the alias had moved, as by a swap whose process was killed
            if live_index(client, alias) != back:
                raise BadInputError(
                    f"{target}: another process changed which index is in use; try again"
                ) from None
    return back


def drop(url: str) -> int:
    """Delete an index with all its builds; return their number."""
    target = parse_index_url(url)
    return _drop_cluster(target) if target.engine == "elastic" else _drop_folder(target)


def _drop_cluster(target: IndexUrl) -> int:
    from retrieval.engines.elastic_client import ElasticSettings, answering, connect
    from retrieval.engines.elastic_swap import indices_of

    with answering(target), connect(target, ElasticSettings.load()) as client:
        names = [index.name for index in indices_of(client, target.place)]
        for name in names:
            client.indices.delete(index=name)
    return len(names)


def _drop_folder(target: IndexUrl) -> int:
    from retrieval.engines.embedded_folder import POINTER

    folder = Path(target.place)
    if not (folder / "lock").exists():
        raise IndexMissingError(f"there is no search index at {folder}")
    with file_lock(folder / "lock"):
        builds = list(folder.glob("build-*"))
        (folder / POINTER).unlink(missing_ok=True)
        for build in builds:
            shutil.rmtree(build)
    return len(builds)

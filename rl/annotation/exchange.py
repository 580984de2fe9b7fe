"""Labels as files: JSON lines, or a Parquet folder.

Both hold one row a label, with what training needs to trust it: pseudonyms, the version of the
guidelines, the corpus hash and the ids of the rollouts' traces.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from corpus.errors import BadInputError, Place
from corpus.model import Frozen
from corpus.validation import source_error
from corpus.whole_file import write_whole
from rl.annotation.items import Label, LabelStatus


def write_jsonl(rows: Sequence[Frozen], path: Path) -> None:
    """Write one JSON object a line: a label, or what was made of one.

    Raises:
        BadInputError: the file cannot be written.
    """
    write_whole(path, "".join(f"{row.model_dump_json()}\n" for row in rows).encode())


def read_jsonl(path: Path) -> Iterator[Label]:
    """Yield the labels of a file.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is no label; names line and field.
    """
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            yield Label.model_validate_json(line)
        except ValidationError as fault:
            raise source_error(Place(str(path), number), fault, "a label") from fault


def write_parquet(labels: Sequence[Label], folder: Path) -> Path:
    """Write ``train.parquet`` into a folder that ``datasets.load_dataset`` opens; return the file.

    Nested values (the choice, the traces) are columns of JSON text, so that every row has the same
    columns.

    Raises:
        BadInputError: the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_flat(label) for label in labels]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS}
    table = pa.table(
        {name: pa.array(values, type=_COLUMNS[name](pa)) for name, values in columns.items()}
    )
    file = folder / "train.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, file)
    except OSError as fault:
        raise BadInputError(f"Cannot write labels to {file}: {fault.strerror}.") from fault
    return file


def _text(pa: Any) -> Any:
    return pa.string()


def _number(pa: Any) -> Any:
    return pa.int64()


def _texts(pa: Any) -> Any:
    return pa.list_(pa.string())


_COLUMNS = {
    "project": _text,
    "item": _text,
    "question_id": _text,
    "status": _text,
    "kinds": _texts,
    "kind": _text,
    "choice": _text,
    "people": _texts,
    "guidelines": _number,
    "corpus_hash": _text,
    "traces": _text,
}


def _flat(label: Label) -> dict[str, Any]:
    row = label.model_dump(mode="json")
    row["kind"] = label.choice.kind if label.choice else None
    row["choice"] = label.choice.model_dump_json() if label.choice else None
    row["traces"] = json.dumps(row["traces"], ensure_ascii=False)
    return row


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        BadInputError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise BadInputError(f"{path} cannot be read: {fault.strerror}.") from fault
    except UnicodeDecodeError as fault:
        raise BadInputError(f"{path} is no UTF-8 text.") from fault


def with_status(labels: Sequence[Label], wanted: Sequence[LabelStatus]) -> list[Label]:
    """Return the labels of these statuses; all of them where none is named."""
    return [label for label in labels if not wanted or label.status in wanted]

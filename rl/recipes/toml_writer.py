"""Write plain tables as TOML, for the configuration file of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dump(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """Return a table as TOML: its values, then the tables in it. ``None`` is left out."""
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if value is not None]
    head = [f"[{'.'.join(map(_key, path))}]"] if path and (lines or not tables) else []
    text = "".join(f"{line}\n" for line in (*head, *lines))
    rest = (dump(value, (*path, key)) for key, value in tables.items())
    return "\n".join(part for part in (text, *rest) if part)


def _key(key: str) -> str:
    plain = key.replace("-", "").replace("_", "")
    return key if plain.isascii() and plain.isalnum() else json.dumps(key)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case Mapping():
            inner = (f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
            return f"{{{', '.join(inner)}}}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)

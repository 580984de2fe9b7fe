"""Former names of settings, so that recipes stored by earlier runs can be read. Newest last.

Only the ``config.toml`` of a run is translated. In a recipe that a person writes, a former name is
an error, which names the present one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FORMER = {
    "model.carrier": "model.prompt_format",
    "warm_start.careless": "warm_start.misdated",
    "rollout.width": "rollout.concurrency",
}
"""Former name of a setting, with its table, and its present name in the same table."""


def with_present_names(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe's table with every former name replaced by the present one."""
    renamed = dict(recipe)
    for former, present in FORMER.items():
        table, was = former.split(".")
        if was in renamed.get(table, {}):
            name = present.split(".")[1]
            renamed[table] = {
                name if key == was else key: value for key, value in renamed[table].items()
            }
    return renamed

"""The ingest report page: what reading each act showed of its history.

It shows what ``inforce corpus report`` prints: acts that a person should check, or all of them, and
every record that was refused, with its place in the source. ``?work=`` in the address selects one
act.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from corpus.act_report import REPORT_COLUMNS, ActReport, report_cells
from corpus.errors import InForceError
from corpus.settings import Settings
from corpus.store import Store
from ui import markup
from ui.languages.catalogue import word
from ui.words import literal

_MOST = 20
"""Number of refused records of an act that are listed."""


def page() -> None:
    """Show the reports of the last ingest."""
    st.html(markup.masthead())
    work = st.query_params.get("work")
    try:
        with Store.open(Settings.load().store_url) as store:
            acts = store.act_reports(work)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/database_off:")
        return
    if work is not None and not acts:
        st.info(literal(word("report.none", work=work)))
        return
    everything = work is not None or st.checkbox(word("report.everything"))
    shown = [act for act in acts if everything or act.is_remarkable]
    st.html(_summary(acts, shown))
    if shown:
        st.html(_table(shown))
    for act in shown:
        if act.refused:
            st.html(_refused(act))


def _summary(acts: Sequence[ActReport], shown: Sequence[ActReport]) -> str:
    left_out = sum(act.work_id is None for act in acts)
    remarkable = sum(act.is_remarkable for act in acts)
    return (
        f'<p class="progress" role="status">{markup.told("report.all", count=len(acts))} · '
        f"{markup.told('report.remarkable', count=remarkable)} · "
        f"{markup.told('report.left_out', count=left_out)} · "
        f"{markup.told('report.shown', count=len(shown))}</p>"
    )


def _table(acts: Sequence[ActReport]) -> str:
    names = (word(f"report.{name.replace(' ', '_')}") for name in REPORT_COLUMNS)
    head = "".join(f'<th scope="col">{markup.escaped(name)}</th>' for name in names)
    rows = "".join(f"<tr>{_row(act)}</tr>" for act in acts)
    return (
        '<div class="overview report" tabindex="0" role="region" '
        f'aria-label="{markup.told("report.table")}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(act: ActReport) -> str:
    first, *others = map(markup.escaped, report_cells(act))
    title = f'<br><span class="quiet">{markup.escaped(act.title)}</span>' if act.title else ""
    cells = "".join(f"<td>{cell}</td>" for cell in others)
    return f'<th scope="row">{first}{title}</th>{cells}'


def _refused(act: ActReport) -> str:
    """Return the refused records of an act, each with its place, as a section that opens."""
    lines = "".join(f"<li>{markup.escaped(str(remark))}</li>" for remark in act.refused[:_MOST])
    more = len(act.refused) - _MOST
    command = "inforce corpus report --json"
    words = markup.told("report.more", count=more, command=command) if more > 0 else ""
    rest = f"<li>{words}</li>" if words else ""
    name = act.work_id or act.source
    refused = word("report.refused_of", act=name, count=len(act.refused))
    return f"<details><summary>{markup.escaped(refused)}</summary><ul>{lines}{rest}</ul></details>"

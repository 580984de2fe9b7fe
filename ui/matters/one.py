"""One matter: its facts, alerts, questions with their answers, notes, and what is done with it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from agent.audit import Action, Kind
from agent.matters.alerts import alerts_of
from agent.matters.audited import log
from agent.matters.bundle import bundle_of
from agent.matters.deletion import delete_matter
from agent.matters.records import Contents, MatterRecord
from agent.matters.store import LONGEST_NOTE
from agent.trace_store import TraceStore, traces_url
from ui.acted import typed
from ui.export.files import MEDIA, NAMES, Format
from ui.export.matter import exported_matter, file_name
from ui.languages.catalogue import SOURCE, in_language, word
from ui.markup import told
from ui.matters import markup
from ui.matters.desk import CHOSEN, Desk, desk_here, do, places
from ui.matters.frame_form import fill_frame, frame_fields, frame_typed
from ui.matters.overview import check_now, show_alerts
from ui.matters.questions import questions
from ui.words import literal


def one_matter(desk: Desk, name: str) -> None:
    """Show a matter that the person may see.

    Raises:
        BadInputError: there is none.
        StoreError: a database cannot be read.
    """
    st.button(word("matters.gone"), icon=":material/arrow_back:", on_click=_leave)
    contents = desk.matters.contents(desk.person, name)
    matter = contents.matter
    _note_that_it_was_seen(desk, matter)
    st.html(markup.head(matter))
    mine = matter.owner == desk.person.id
    if matter.archived is None:
        st.link_button(
            word("matters.ask"), f"./?{CHOSEN}={matter.id}", icon=":material/chat:", type="primary"
        )
        if mine:
            _facts(desk, matter)
        check_now(desk)
    show_alerts(desk, alerts_of(desk.matters, desk.person, matter.id), matter=matter.id)
    questions(desk, contents)
    _notes(contents)
    _take_away(matter)
    if mine:
        _manage(matter)


def _leave() -> None:
    st.query_params.clear()


def _note_that_it_was_seen(desk: Desk, matter: MatterRecord) -> None:
    """Log the first look of this session."""
    seen = st.session_state.setdefault("matters-seen", set())
    if matter.id not in seen:
        log(desk.settings, desk.person, Action.SAW, Kind.MATTER, matter.id)
        seen.add(matter.id)


def _facts(desk: Desk, matter: MatterRecord) -> None:
    shown = (matter.id, matter.frame)
    if st.session_state.get("frame-shown") != shown or "frame-as-at" not in st.session_state:
        st.session_state["frame-shown"] = shown
        fill_frame("frame", matter.frame)
    with st.expander(word("matters.edit")):
        frame_fields("frame", places(desk))
        st.button(word("matters.keep"), on_click=do, args=(partial(_set_frame, matter=matter),))


def _set_frame(desk: Desk, matter: MatterRecord) -> None:
    desk.matters.set_frame(desk.person, matter.id, frame_typed("frame"))


def _notes(contents: Contents) -> None:
    st.html(f'<h3 class="eyebrow">{told("matters.notes")}</h3>')
    for note in contents.notes:
        st.html(markup.note(note))
        if contents.matter.archived is None:
            st.button(
                word("matters.remove"),
                key=f"remove-{note.id}",
                on_click=do,
                args=(partial(_remove_note, matter=contents.matter.id, note=note.id),),
            )
    if contents.matter.archived is None:
        st.text_area(
            word("matters.add_note"),
            key="note-text",
            placeholder=word("matters.note_hint", most=LONGEST_NOTE),
        )
        add = partial(_add_note, matter=contents.matter.id)
        st.button(word("matters.add_note"), on_click=do, args=(add,))


def _add_note(desk: Desk, matter: str) -> None:
    desk.matters.add_note(desk.person, matter, typed("note-text"))
    st.session_state["note-text"] = ""


def _remove_note(desk: Desk, matter: str, note: str) -> None:
    desk.matters.remove_note(desk.person, matter, note)


def _take_away(matter: MatterRecord) -> None:
    st.html(f'<h3 class="eyebrow">{told("matters.export")}</h3>')
    with st.container(horizontal=True):
        for how in Format:
            st.download_button(
                NAMES[how],
                partial(_file, matter.id, how),
                file_name(matter.name, matter.id, how),
                MEDIA[how],
                icon=":material/download:",
                on_click="ignore",
                key=f"export-{how.value}",
            )


def _file(matter: str, how: Format) -> bytes:
    """Make the file of a matter when its button is pressed; memos are in English."""
    desk = desk_here()
    with in_language(SOURCE), TraceStore.open(traces_url(desk.settings)) as traces:
        bundle = bundle_of(desk.matters, desk.person, matter, traces)
        log(desk.settings, desk.person, Action.EXPORTED, Kind.MATTER, bundle.matter.id)
        return exported_matter(bundle, desk.settings, how)


# -- what its owner does -----------------------------------------------------------------------


def _manage(matter: MatterRecord) -> None:
    with st.expander(word("matters.manage"), icon=":material/settings:"):
        st.text_input(word("matters.name"), value=matter.name, key=f"name-{matter.id}")
        st.text_input(
            word("matters.reference"),
            value=matter.reference or "",
            key=f"reference-{matter.id}",
            placeholder=word("matters.reference_hint"),
        )
        with st.container(horizontal=True):
            rename = partial(_rename, matter=matter)
            st.button(word("matters.rename"), on_click=do, args=(rename,))
            words = word("matters.reopen" if matter.archived else "matters.archive")
            move = partial(_archive, matter=matter.id, archived=matter.archived is None)
            st.button(words, on_click=do, args=(move,))
        _sharing(matter)
        sure = st.checkbox(word("matters.delete_sure"), key=f"sure-{matter.id}")
        delete = partial(_delete, matter=matter.id)
        st.button(word("matters.delete"), disabled=not sure, on_click=do, args=(delete,))


def _sharing(matter: MatterRecord) -> None:
    st.text_input(word("matters.share"), key="share-with", placeholder=word("matters.share_hint"))
    share = partial(_share, matter=matter.id)
    st.button(word("matters.do_share"), on_click=do, args=(share,))
    for number, other in enumerate(matter.shared_with):
        end = partial(_unshare, matter=matter.id, other=other)
        words = literal(word("matters.unshare", who=other))
        st.button(words, key=f"unshare-{number}", on_click=do, args=(end,))


def _rename(desk: Desk, matter: MatterRecord) -> None:
    """Give a matter the name and the reference that stand in the fields."""
    name, reference = typed(f"name-{matter.id}"), typed(f"reference-{matter.id}")
    if name != matter.name:
        desk.matters.rename(desk.person, matter.id, name)
    if reference != (matter.reference or ""):
        desk.matters.refer(desk.person, matter.id, reference)


def _archive(desk: Desk, matter: str, *, archived: bool) -> None:
    desk.matters.archive(desk.person, matter, archived=archived)


def _share(desk: Desk, matter: str) -> None:
    other = typed("share-with")
    found = desk.matters.share(desk.person, matter, other)
    log(desk.settings, desk.person, Action.SHARED, Kind.MATTER, found.id, other=other)
    st.session_state["share-with"] = ""


def _unshare(desk: Desk, matter: str, other: str) -> None:
    found = desk.matters.unshare(desk.person, matter, other)
    log(desk.settings, desk.person, Action.UNSHARED, Kind.MATTER, found.id, other=other)


def _delete(desk: Desk, matter: str) -> str:
    done = delete_matter(desk.matters, desk.person, matter, desk.settings)
    _leave()
    said = word(
        "matters.deleted",
        name=done.name,
        traces=done.traces,
        threads=done.threads,
        files=len(done.files),
    )
    return " ".join((said, *done.kept))

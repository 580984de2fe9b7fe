"""Who labels which project, and whether the open library holds the project's corpus."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from corpus.settings import Settings
from rl.annotation.items import Project, Role
from rl.annotation.queue.label_queue import LabelQueue, QueueError, labels_url
from ui.library import open_library
from ui.people.present import person_here
from ui.words import literal


@dataclass(frozen=True)
class Desk:
    """A person at a project of an open queue."""

    queue: LabelQueue
    project: Project
    person: str
    role: Role


def sit_down(*, adjudicating: bool = False) -> Desk | None:
    """Return the desk that the page's address names; ask for it where it names none.

    ``project`` and ``person`` stand in the address; once somebody is signed in, the person is they.
    What cannot be opened is said in one sentence, and ``None`` returned.
    """
    try:
        queue = _opened(labels_url(Settings.load()))
        project, person = _named()
        if project and person:
            return find_desk(queue, project, person, adjudicating=adjudicating)
        _ask(queue, project)
    except QueueError as problem:
        st.error(literal(str(problem)), icon=":material/person_off:")
        st.button("Choose project and person", on_click=_leave)
    except InForceError as problem:
        st.error(literal(f"No labels can be opened: {problem}"), icon=":material/database_off:")
        st.markdown("`inforce labels create` makes a project from a training run.")
    return None


def find_desk(queue: LabelQueue, project: str, person: str, *, adjudicating: bool) -> Desk:
    """Return the desk of a person at a project.

    Raises:
        QueueError: there is no such project, the person does not work on it, or they are to
            adjudicate and may not.
        StoreError: the database cannot be read.
    """
    settings = queue.project(project)
    role = queue.people(project).get(person)
    if role is None:
        raise QueueError(f"{person} does not work on project '{project}'.")
    if adjudicating and role is Role.ANNOTATOR:
        raise QueueError(f"{person} is an annotator of project '{project}', no adjudicator.")
    return Desk(queue=queue, project=settings, person=person, role=role)


def library_of(project: Project) -> Library | None:
    """Return the library if it holds the project's corpus; else say why not in one sentence."""
    try:
        library = open_library()
    except InForceError as problem:
        st.error(literal(f"There is no library to read the law in: {problem}"))
        return None
    if library.corpus_hash != project.corpus_hash:
        st.error(literal(foreign_corpus(project, library.corpus_hash)), icon=":material/rule:")
        return None
    return library


def foreign_corpus(project: Project, ours: str) -> str:
    """Return the sentence for a project that was made from another corpus than the library's."""
    return (
        f"Project '{project.name}' is about corpus {project.corpus_hash[:12]}, the open library"
        f" holds corpus {ours[:12]}: its items cannot be judged here."
    )


def _named() -> tuple[str, str]:
    """Return project and person of the address, else those chosen earlier in this session."""
    kept = st.session_state.get("desk", ("", ""))
    project = st.query_params.get("project") or kept[0]
    here = person_here()
    if here.local:
        person = st.query_params.get("person") or (kept[1] if project == kept[0] else "")
    else:
        person = here.id
    if project and person:
        _sit(project, person)
    return project, person


def _sit(project: str, person: str) -> None:
    st.session_state["desk"] = (project, person)
    address = {"project": project, "person": person}
    if not person_here().local:
        del address["person"]
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def _leave() -> None:
    st.session_state.pop("desk", None)
    st.query_params.clear()


def _ask(queue: LabelQueue, project: str) -> None:
    names = [found.name for found in queue.projects()]
    if not (here := person_here()).local:
        names = [name for name in names if here.id in queue.people(name)]
        if not names:
            raise QueueError(f"{here.id} works on no labelling project: ask its owner.")
    if not names:
        raise QueueError("There is no labelling project yet: make one with inforce labels create.")
    place = names.index(project) if project in names else 0
    chosen = st.selectbox("Project", names, index=place)
    if here.local:
        people = sorted(queue.people(chosen))
        person = st.selectbox("Who are you?", people, index=None, placeholder="Choose your name")
    else:
        person = here.id
    st.button(
        "Begin",
        type="primary",
        disabled=person is None,
        on_click=_sit,
        args=(chosen, person),
    )


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> LabelQueue:
    return LabelQueue.open(url)

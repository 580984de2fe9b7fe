"""Who labels which project, and whether the open library holds the project's corpus."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from corpus.settings import Settings
from rl.annotation.items import Project, Role
from rl.annotation.queue.label_queue import LabelQueue, QueueError, labels_url
from ui.languages.catalogue import word
from ui.library import open_library
from ui.people.present import person_here
from ui.words import literal

_CREATE = "`inforce labels create`"


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
        st.button(word("labelling.choose"), on_click=_leave)
    except InForceError as problem:
        st.error(
            literal(word("labelling.unopened", why=str(problem))), icon=":material/database_off:"
        )
        st.markdown(word("labelling.make", command=_CREATE))
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
        raise QueueError(word("labelling.not_member", person=person, project=project))
    if adjudicating and role is Role.ANNOTATOR:
        raise QueueError(word("labelling.no_adjudicator", person=person, project=project))
    return Desk(queue=queue, project=settings, person=person, role=role)


def library_of(project: Project) -> Library | None:
    """Return the library if it holds the project's corpus; else say why not in one sentence."""
    try:
        library = open_library()
    except InForceError as problem:
        st.error(literal(word("labelling.no_library", why=str(problem))))
        return None
    if library.corpus_hash != project.corpus_hash:
        st.error(literal(foreign_corpus(project, library.corpus_hash)), icon=":material/rule:")
        return None
    return library


def foreign_corpus(project: Project, ours: str) -> str:
    """Return the sentence for a project that was made from another corpus than the library's."""
    theirs = project.corpus_hash[:12]
    return word("labelling.foreign", project=project.name, theirs=theirs, ours=ours[:12])


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
            raise QueueError(word("labelling.no_project_of", person=here.id))
    if not names:
        raise QueueError(word("labelling.no_project", command=_CREATE.strip("`")))
    place = names.index(project) if project in names else 0
    chosen = st.selectbox(word("labelling.project"), names, index=place)
    if here.local:
        people = sorted(queue.people(chosen))
        person = st.selectbox(
            word("labelling.who"),
            people,
            index=None,
            placeholder=word("labelling.choose_name"),
        )
    else:
        person = here.id
    st.button(
        word("labelling.begin"),
        type="primary",
        disabled=person is None,
        on_click=_sit,
        args=(chosen, person),
    )


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> LabelQueue:
    return LabelQueue.open(url)

"""Sign-in as people meet it: a real provider, the real app, one browser for each person."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from agent.audit import Action, AuditLog, audit_url
from agent.library import Library
from agent.matters.store import Matters, matters_url
from agent.people import People, Role, people_url
from agent.people_keys import KeyRefusedError, PersonKeys
from corpus.settings import Settings
from rl.annotation.items import Candidate, Cited, Item, Origin, Project, Shown
from rl.annotation.items import Role as LabelRole
from rl.annotation.queue.label_queue import LabelQueue, labels_url
from tests.ui.app_server import CHROMIUM, FLAGS, ROOT, barriers, free_port, served
from ui.demo import load_demo

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("authlib", reason="needs the extra sign-in")
pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect, sync_playwright

from tests.ui.sign_in_provider import Provider, provider, secrets_file

ANNA, BORIS = "anna@firm.example", "boris@firm.example"
CLERK, JUDGE, BOSS = "clerk@firm.example", "judge@firm.example", "boss@firm.example"
STRANGER, UNVERIFIED = "stranger@else.example", "unverified@firm.example"
ROLES = {
    ANNA: Role.READER,
    BORIS: Role.READER,
    CLERK: Role.ANNOTATOR,
    JUDGE: Role.ADJUDICATOR,
    BOSS: Role.ADMINISTRATOR,
    UNVERIFIED: Role.READER,
}
MARRIAGE = "À partir de quel âge peut-on contracter mariage ?"
PAGES = ["Ask", "Search", "Law as at", "Matters", "Coverage", "Ingest report"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


class Firm(NamedTuple):
    """The app of a firm, its provider and its settings."""

    url: str
    provider: Provider
    settings: Settings


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    home = tmp_path_factory.mktemp("firm")
    settings = Settings.under(home)
    load_demo(settings)
    with People.open(people_url(settings)) as people:
        for person, role in ROLES.items():
            people.add(person, person.partition("@")[0].title(), [role])
    label(settings)
    claims = {person: {} for person in (*ROLES, STRANGER)} | {UNVERIFIED: {"email_verified": False}}
    port = free_port()
    environment = {**settings.environment(), "HOME": str(home), "INFORCE_TODAY": "2026-11-22"}
    with provider(claims) as made:
        secrets_file(home, made.address, f"http://127.0.0.1:{port}/")
        with served(environment, home, port) as url:
            yield Firm(url, made, settings)


def label(settings: Settings) -> None:
    """Make a labelling project of one item, for the annotator and the adjudicator."""
    with (
        Library.open(settings) as library,
        LabelQueue.open(labels_url(settings), create=True) as queue,
    ):
        history = library.store.history("fr/code-civil#marriage-age")
        assert history is not None
        cited = [
            Candidate(
                letter=letter,
                text=row.text[:80],
                citations=(Cited(version_id=row.id, quote=row.text[:80]),),
            )
            for letter, row in zip("AB", history.versions, strict=False)
        ]
        queue.create(Project(name="marriage", corpus_hash=library.corpus_hash, run="r"), "", BOSS)
        queue.add_person("marriage", CLERK, LabelRole.ANNOTATOR)
        queue.add_person("marriage", JUDGE, LabelRole.ADJUDICATOR)
        shown = Shown(
            question=MARRIAGE,
            as_at=date(2006, 4, 4),
            language="fr",
            jurisdiction="fr",
            candidates=tuple(cited),
        )
        origin = Origin(run="r", round=0, question_id="q", chooser="random")
        queue.add_items("marriage", [Item(id="one", shown=shown, origin=origin)])


Signed = Callable[[str], Page]


@pytest.fixture
def signed(firm: Firm) -> Iterator[Signed]:
    """Sign a person in, each in a browser context of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        expect.set_options(timeout=30_000)

        def sign_in(person: str) -> Page:
            page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
            page.set_default_timeout(30_000)
            page.goto(firm.url)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("link", name=person).click()
            page.wait_for_url(f"{firm.url}**")
            return page

        yield sign_in
        browser.close()


def navigation(page: Page) -> list[str]:
    """The pages that the app offers."""
    page.get_by_role("button", name="Sign out").wait_for()
    return [
        text.strip().splitlines()[-1]
        for text in page.locator("[data-testid=stTopNavLink]").all_inner_texts()
    ]


def test_nobody_sees_a_page_before_they_sign_in(signed: Signed, firm: Firm) -> None:
    page = signed(ANNA).context.browser.new_page()  # type: ignore[union-attr]
    page.goto(firm.url + "?q=anything&as_at=2006-04-04")
    page.get_by_role("button", name="Sign in").wait_for()
    assert page.get_by_label("Question").count() == 0
    assert page.locator("[data-testid=stTopNavLink]").count() == 0


@pytest.mark.parametrize(
    ("person", "pages"),
    [
        (ANNA, PAGES),
        (JUDGE, ["Review", "Adjudicate"]),
        (BOSS, [*PAGES, "Review", "Adjudicate", "Training", "People"]),
    ],
)
def test_a_role_opens_its_pages_and_no_other(
    signed: Signed, firm: Firm, person: str, pages: list[str]
) -> None:
    page = signed(person)
    assert navigation(page) == pages
    expect(page.get_by_text(f"({person};")).to_be_visible()


def test_an_annotator_sees_only_review_also_by_typing_an_address(
    signed: Signed, firm: Firm
) -> None:
    page = signed(CLERK)
    page.get_by_role("button", name="Sign out").wait_for()
    assert navigation(page) in ([], ["Review"])
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Unsure").wait_for()
    assert "person=" not in page.url
    keep_picture(page, "annotator")
    for path in ("", "search?q=marriage&as_at=2006-04-04", "law", "adjudicate"):
        page.goto(firm.url + path)
        page.get_by_role("button", name="Sign out").wait_for()
        assert page.get_by_label("Question").count() == 0
        assert page.get_by_label("Words or a citation").count() == 0
        assert page.get_by_label("Law as at").count() == 0


def test_an_unknown_person_gets_a_sentence_and_no_page(signed: Signed, firm: Firm) -> None:
    page = signed(STRANGER)
    expect(page.get_by_text("who may not use this library")).to_be_visible()
    assert page.locator("[data-testid=stTopNavLink]").count() == 0
    with AuditLog.open(audit_url(firm.settings)) as log:
        assert [line.action for line in log.lines(person=STRANGER)] == [Action.REFUSED]


def test_an_address_that_the_provider_has_not_verified_is_nobody(signed: Signed) -> None:
    page = signed(UNVERIFIED)
    expect(page.get_by_text("has not verified the address")).to_be_visible()
    assert page.locator("[data-testid=stTopNavLink]").count() == 0


def test_who_is_removed_can_do_nothing_from_the_next_click(signed: Signed, firm: Firm) -> None:
    page = signed(BORIS)
    page.get_by_label("Question").wait_for()
    with People.open(people_url(firm.settings)) as people:
        people.remove(BORIS)
        try:
            page.get_by_role("button", name="Ask", exact=True).click()
            expect(page.get_by_text("who may not use this library")).to_be_visible()
            assert page.get_by_label("Question").count() == 0
        finally:
            people.add(BORIS, "Boris", [Role.READER])


def test_a_provider_that_is_down_is_one_sentence_and_a_second_try_works(
    signed: Signed, firm: Firm
) -> None:
    page = signed(ANNA).context.browser.new_page()  # type: ignore[union-attr]
    page.goto(firm.url)
    firm.provider.down = True
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("does not answer: try again")).to_be_visible()
    firm.provider.down = False
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=ANNA).click()
    page.get_by_label("Question").wait_for()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("token", "Sign-in did not succeed"),
        ("gone", "Sign-in did not succeed"),
        ("keys", "Sign-in did not succeed"),
        ("refused", "refused to sign you in"),
    ],
)
def test_a_provider_that_fails_after_the_person_was_chosen_is_one_sentence(
    signed: Signed, firm: Firm, fault: str, said: str
) -> None:
    page = signed(ANNA).context.browser.new_page()  # type: ignore[union-attr]
    page.goto(firm.url)
    firm.provider.fault = fault
    try:
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name=ANNA).click()
        expect(page.get_by_text(said)).to_be_visible()
        assert page.locator("[data-testid=stTopNavLink]").count() == 0
        page.wait_for_url(firm.url)
    finally:
        firm.provider.fault = ""
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=ANNA).click()
    page.get_by_label("Question").wait_for()
    expect(page.get_by_text(said)).to_have_count(0)


def test_signing_out_closes_the_pages(signed: Signed, firm: Firm) -> None:
    page = signed(ANNA)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.goto(firm.url)
    page.get_by_role("button", name="Sign in").wait_for()
    assert page.get_by_label("Question").count() == 0


def test_a_cookie_that_another_secret_signed_is_one_sentence(signed: Signed, firm: Firm) -> None:
    page = signed(ANNA)
    page.get_by_label("Question").wait_for()
    context = page.context
    for cookie in context.cookies():
        if cookie["name"].startswith("_streamlit_user"):
            forged = f"{cookie['value'][:-4]}AAAA"
            context.add_cookies(
                [{"name": cookie["name"], "value": forged, "url": firm.url}]  # type: ignore[list-item]
            )
    page.goto(firm.url)
    expect(page.get_by_text("no longer valid here")).to_be_visible()
    assert page.get_by_label("Question").count() == 0
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=ANNA).click()
    page.get_by_label("Question").wait_for()


def asked(page: Page, firm: Firm, words: str) -> str:
    """Ask a question as of 4 April 2006; return the address of its answer."""
    page.goto(firm.url)
    page.get_by_label("Question").fill(words)
    page.get_by_role("textbox", name="Law as at").fill("2006-04-04")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("article.card").first.wait_for()
    return page.url


def test_an_address_holds_an_id_by_which_only_the_asker_finds_the_answer(
    signed: Signed, firm: Firm
) -> None:
    anna, boris = signed(ANNA), signed(BORIS)
    address = asked(anna, firm, f"{MARRIAGE} Mandant Zyxwv")
    assert re.fullmatch(re.escape(firm.url) + r"\?id=[0-9a-f]{32}", address)
    anna.goto("about:blank")
    anna.goto(address)
    anna.locator("article.card").first.wait_for()
    expect(anna.get_by_label("Question")).to_have_value(f"{MARRIAGE} Mandant Zyxwv")
    expect(anna.get_by_text("This answer was given on")).to_be_visible()
    refusals = []
    for name in (address.partition("id=")[2], "0" * 32):
        boris.goto(f"{firm.url}?id={name}")
        said = boris.get_by_text("There is no answer")
        said.wait_for()
        refusals.append(said.inner_text().replace(name, ""))
        assert "Zyxwv" not in boris.content()
        assert boris.locator("article.card").count() == 0
    assert refusals[0] == refusals[1]
    with AuditLog.open(audit_url(firm.settings)) as log:
        done = [line.action for line in log.lines(of=address.partition("id=")[2])]
    assert done == [Action.SAW, Action.ASKED]


@pytest.mark.parametrize(
    ("path", "words"),
    [("", MARRIAGE), ("search", "mariage Zyxwv")],
)
def test_an_old_link_with_the_words_of_a_question_loses_them(
    signed: Signed, firm: Firm, path: str, words: str
) -> None:
    page = signed(ANNA)
    page.get_by_label("Question").wait_for()
    page.goto(f"{firm.url}{path}?" + urlencode({"q": words, "as_at": "2006-04-04"}))
    page.wait_for_url(re.compile(r".*[?&]id=[0-9a-f]{32}.*"))
    page.locator("article.card, .found").first.wait_for()
    assert "q=" not in page.url
    assert "Zyxwv" not in page.url


def test_a_search_keeps_its_words_out_of_the_address(signed: Signed, firm: Firm) -> None:
    page = signed(ANNA)
    page.get_by_label("Question").wait_for()
    page.goto(firm.url + "search?as_at=2006-04-04")
    page.get_by_label("Words or a citation").fill("mariage")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_text("Code civil").first.wait_for()
    assert "mariage" not in page.url
    assert "as_at=2006-04-04" in page.url
    page.reload()
    expect(page.get_by_text("look for it again")).to_be_visible()


def test_an_answer_for_every_version_is_found_again_by_its_one_id(
    signed: Signed, firm: Firm
) -> None:
    page = signed(ANNA)
    page.get_by_label("Question").fill(MARRIAGE)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Answer for every version").click()
    tabs = page.get_by_role("tab")
    tabs.first.wait_for()
    count = tabs.count()
    assert count > 1
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("tab")).to_have_count(count)


def test_two_people_do_not_see_each_others_matters(signed: Signed, firm: Firm) -> None:
    cases = {ANNA: "Tenancy of Anna’s client", BORIS: "Dismissal of Boris’s client"}
    with (
        People.open(people_url(firm.settings)) as people,
        Matters.open(matters_url(firm.settings)) as matters,
    ):
        made = {}
        for person, name in cases.items():
            found = people.find(person)
            assert found is not None
            made[person] = matters.create(found, name).id
    for person, other, picture in ((ANNA, BORIS, "matters-anna"), (BORIS, ANNA, "matters-boris")):
        page = signed(person)
        page.get_by_label("Question").wait_for()
        page.goto(f"{firm.url}matters")
        page.get_by_text(cases[person]).first.wait_for()
        page.get_by_role("button", name="Sign out").wait_for()
        assert cases[other] not in page.content()
        keep_picture(page, picture)
        said = []
        for name in (made[other], "0" * 32):
            page.goto(f"{firm.url}matters?matter={name}")
            refusal = page.get_by_text("There is no matter")
            refusal.wait_for()
            said.append(refusal.inner_text().replace(name, ""))
            assert cases[other] not in page.content()
        assert said[0] == said[1]


def test_the_page_of_people_keeps_no_reader_out(signed: Signed, firm: Firm) -> None:
    page = signed(BOSS)
    page.get_by_label("Question").wait_for()
    page.goto(f"{firm.url}people")
    page.get_by_role("combobox", name="Change a person").click()
    page.get_by_role("option", name=re.compile(ANNA)).click()
    page.get_by_role("button", name="Save the roles").wait_for()
    page.get_by_text("No program has a key yet").wait_for()
    keep_picture(page, "people")
    page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_timeout(700)
            assert barriers(page) == []


def test_a_person_makes_a_key_of_their_own_and_sees_it_once(signed: Signed, firm: Firm) -> None:
    page = signed(ANNA)
    page.get_by_role("button", name="Your keys").click()
    window = page.get_by_role("dialog")
    window.get_by_label("What the key is for").fill("intranet")
    window.get_by_role("button", name="Make a key").click()
    shown = window.locator("code").filter(has_text="inforce_")
    shown.wait_for()
    secret = shown.inner_text().strip()
    with PersonKeys.open(people_url(firm.settings)) as keys:
        assert keys.use(secret)[1].id == ANNA
        page.keyboard.press("Escape")
        page.reload()
        page.get_by_role("button", name="Your keys").click()
        window.get_by_role("button", name="Revoke “intranet”").click()
        window.get_by_text("refused from now on").wait_for()
        assert secret not in page.content()
        with pytest.raises(KeyRefusedError):
            keys.use(secret)


def keep_picture(page: Page, name: str) -> None:
    """Save the picture that the documentation shows, when asked to."""
    if os.environ.get("INFORCE_SAVE_SCREENSHOTS") == "1":
        page.set_viewport_size({"width": 1000, "height": 640})
        page.wait_for_timeout(1500)
        page.screenshot(path=ROOT / "docs/images" / f"{name}.png")

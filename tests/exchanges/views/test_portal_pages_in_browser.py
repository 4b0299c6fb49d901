"""Every page of the portal in a real browser: the accessibility rules and no sideways scrolling, on a phone and on a desk, in both themes.

And the main journeys by the keys alone and without a script: from a mail to done in two taps, and on the own page to a changed answer.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from exchanges.access import Voice
from exchanges.models import Answer, Assurance, EventKind, Prompt, Report, RoundSeat, Word
from exchanges.services.prompts import ask_rating
from exchanges.services.put_right import ask_to_put_right, settle
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from exchanges.services.terms_prompts import ask_terms, say_terms
from relationships.models import Kind, SideRole
from relationships.services.parties import add_person, email_digest
from tests.exchanges.views.test_portal_in_browser import MATTERS, link_of, looks_right
from tests.makers import make_event, make_relationship, speaker
from valueledger.common import portal_sessions, tokens
from valueledger.common.models.tokens import TokenPurpose

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SIZES = [("light", 1280), ("dark", 1280), ("dark", 390), ("light", 390)]
BO, EVA, KIM = "bo@borealis.example", "eva@acme.example", "kim@home.example"


@pytest.fixture(autouse=True)
def nothing_counted(transactional_db: None) -> None:
    cache.clear()


def says(round: Any, participant: Any, value: str, *, sentence: str = "", guess: str | None = None, now: Any = None) -> Answer:
    seat = RoundSeat.objects.select_related("round").get(round=round, participant=participant)
    guessed = None if guess is None else Decimal(guess)
    return answer_check(
        seat=seat, value=Decimal(value), guess=guessed, sentence=sentence, assurance=Assurance.SIGNED_IN, now=now or timezone.now()
    ).answer


def a_year(row: Any, ours: Any, theirs: Any) -> None:
    """What each gave and got, one check that is over, what matters, and something put right."""
    now = timezone.now()
    gave, got = Voice(member=row.steward, participant=ours), Voice(participant=theirs)
    told = [(EventKind.SUPPORT, "Night routes planned again after the port closure", Word.LOT), (EventKind.LEARNING, "A workshop at the depot", Word.LITTLE),
            (EventKind.OTHER, "Survey calls to drivers", Word.BURDEN), (EventKind.DELIVERY, "Slot planner, set up free of charge", None)]  # fmt: skip
    for days, (kind, what, word) in enumerate(told):
        event = make_event(row, gave, what=what, kind=kind, on=(now - (20 + 30 * days) * DAY).date(), now=now - DAY)
        if word is not None and row.kind != Kind.PERSONAL:
            report_got(
                event=event, side=1, voice=got, account=Account(word=word, expectation="AS", sentence="As we said on the phone."), now=now - DAY
            )
    for days in range(3):
        event = make_event(
            row, got, giver=1, what="Hosted two new hires", kind=EventKind.LEARNING, on=(now - (9 + 30 * days) * DAY).date(), now=now - DAY
        )
        report_gave(event=event, side=1, voice=got, account=Account(typed_amount=Decimal(2), unit="evenings", guess_word=Word.GREAT), now=now - DAY)
        report_got(event=event, side=0, voice=gave, account=Account(word=Word.LITTLE, sentence="They came back with a grip on it."), now=now - DAY)
    before = now - 60 * DAY
    round = open_round(relationship=row, now=before, reason="due")
    says(round, theirs, "-1", sentence="The nights are long.", guess="1", now=before)
    says(round, ours, "1", sentence="We like working with you.", guess="1", now=before + MINUTE)
    sweep_rounds(now=before + 20 * DAY)
    asked = ask_to_put_right(participant=theirs, text="The invoice was wrong twice.", now=now - 9 * DAY)
    settle(request=asked, member=row.steward, done="We took both back, and said so to accounts.", now=now - 8 * DAY)
    ask_to_put_right(participant=theirs, text="Nobody answers the night desk at weekends.", now=now - 2 * DAY)


def sign_in(page: Any, live_server: Any, address: str) -> None:
    key, _row = portal_sessions.begin(address_hash=email_digest(address), user_agent="Firefox", now=timezone.now())
    page.context.add_cookies([{"name": "portal", "value": key, "url": live_server.url}])


def ready(page: Any, scheme: str, width: int) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    return complaints


def see(page: Any, address: str, name: str, scheme: str, width: int, *, opened: bool = False) -> None:
    page.goto(address)
    if opened:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    looks_right(page, name, scheme, width)


@pytest.mark.parametrize(("scheme", "width"), SIZES)
def test_the_own_page_of_a_client(page: Any, live_server: Any, cast: Any, scheme: str, width: int) -> None:
    now, complaints = timezone.now(), ready(page, scheme, width)
    see(page, f"{live_server.url}/me/enter/", "me-enter", scheme, width)
    see(page, f"{live_server.url}/me/enter/?sent", "me-enter-sent", scheme, width)
    sign_in(page, live_server, BO)
    home = f"{live_server.url}/me/with/{cast.borealis.public_id}/"
    see(page, home, "me-first", scheme, width)
    a_year(cast.borealis, cast.ana_speaks, cast.bo_speaks)
    event = make_event(cast.borealis, cast.ana_voice, what="Re-planned your night routes again", on=now.date(), now=now)
    ask_rating(event, now=now)
    open_round(relationship=cast.borealis, now=now, reason="due")
    ask_terms(participant=cast.bo_speaks, now=now, reason="asked")
    see(page, home, "me", scheme, width)
    see(page, home, "me-open", scheme, width, opened=True)
    terms = Prompt.objects.get(kind="TERMS")
    say_terms(prompt=terms, lines=MATTERS, now=now)
    for name in ("got", "gave", "answers", "add", "terms", "leave", "put-right"):
        see(page, f"{home}{name}/", f"me-{name}", scheme, width, opened=name == "add")
    check = Prompt.objects.filter(kind="CHECK", side=1).order_by("-pk")[0]
    see(page, f"{home}questions/{check.public_id}/", "me-check", scheme, width)
    see(page, f"{home}rate/{event.public_id}/", "me-rate", scheme, width)
    page.goto(f"{home}put-right/")
    page.get_by_role("button", name="Send it now").click()
    looks_right(page, "me-put-right-errors", scheme, width)
    see(page, f"{home}?done=answer", "me-done", scheme, width)
    see(page, f"{live_server.url}/me/sessions/", "me-sessions", scheme, width)
    make_relationship(cast.ana, "Borealis North", people=(cast.bo,))
    see(page, f"{live_server.url}/me/", "me-places", scheme, width)
    see(page, f"{live_server.url}/me/with/{cast.workspace.pk:032x}/", "me-not-found", scheme, width)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), SIZES)
def test_the_own_pages_of_an_employee_and_of_a_friend(page: Any, live_server: Any, cast: Any, employee: Any, scheme: str, width: int) -> None:
    complaints, row = ready(page, scheme, width), employee.relationship
    a_year(row, speaker(row, SideRole.OWN), employee.eva_speaks)
    sign_in(page, live_server, EVA)
    home = f"{live_server.url}/me/with/{row.public_id}/"
    see(page, home, "employee-me", scheme, width)
    see(page, f"{home}got/", "employee-got", scheme, width)
    answer = Answer.objects.standing().get(participant=employee.eva_speaks)
    see(page, f"{home}answers/{answer.public_id}/share/", "employee-share-answer", scheme, width)
    page.get_by_role("button", name="Share this one").click()
    page.get_by_text("You share this one with").wait_for()
    looks_right(page, "employee-shared-answer", scheme, width)
    rated = Report.objects.filter(participant=employee.eva_speaks, role="GOT").order_by("pk")[0]
    see(page, f"{home}rate/{rated.event.public_id}/share/", "employee-share-rating", scheme, width)
    see(page, f"{home}put-right/", "employee-put-right", scheme, width)
    kim = add_person(workspace=cast.workspace, name="Kim Rask", email=KIM)
    friend = make_relationship(cast.ana, "Kim Rask", kind=Kind.PERSONAL, people=(kim,))
    a_year(friend, speaker(friend, SideRole.OWN), speaker(friend))
    sign_in(page, live_server, KIM)
    see(page, f"{live_server.url}/me/with/{friend.public_id}/", "friend-me", scheme, width)
    see(page, f"{live_server.url}/me/with/{friend.public_id}/add/", "friend-add", scheme, width, opened=True)
    assert complaints == []


@pytest.mark.parametrize(("scheme", "width"), SIZES)
def test_what_a_link_opens_besides_its_question(page: Any, live_server: Any, cast: Any, employee: Any, scheme: str, width: int) -> None:
    now, complaints = timezone.now(), ready(page, scheme, width)
    for row in (cast.borealis, employee.relationship):
        open_round(relationship=row, now=now - 2 * MINUTE, reason="due")
    clients, evas = (Prompt.objects.get(participant=one) for one in (cast.bo_speaks, employee.eva_speaks))
    link, evas_link = live_server.url + link_of(clients, now), live_server.url + link_of(evas, now)
    see(page, link, "check-first", scheme, width)
    see(page, f"{link}put-right/", "put-right", scheme, width)
    page.get_by_label("What should be put right?").fill("The invoice was wrong twice.")
    page.get_by_role("button", name="Send it now").click()
    looks_right(page, "put-right-sent", scheme, width)
    see(page, evas_link, "employee-check-first", scheme, width)
    see(page, f"{evas_link}share/", "share-nothing", scheme, width)
    says(clients.round, cast.bo_speaks, "-1", guess="1", now=now - 2 * MINUTE)
    says(evas.round, employee.eva_speaks, "-1", sentence="The shifts", guess="1", now=now - 2 * MINUTE)
    see(page, f"{link}?sent", "check-thanks", scheme, width)
    see(page, link, "check-answered", scheme, width)
    see(page, f"{evas_link}?sent", "employee-thanks", scheme, width)
    see(page, evas_link, "employee-answered", scheme, width)
    see(page, f"{evas_link}share/", "share", scheme, width)
    says(clients.round, cast.ana_speaks, "1", guess="1", sentence="We like working with you.", now=now - 2 * MINUTE)
    sweep_rounds(now=now)
    see(page, link, "check-revealed", scheme, width)
    over, _row = tokens.issue(
        purpose=TokenPurpose.PROMPT, workspace_id=clients.workspace_id, subject_id=evas.pk, expires_at=now - MINUTE, now=now - DAY
    )
    see(page, f"{live_server.url}/p/{over}/", "expired", scheme, width)
    see(page, f"{live_server.url}/p/{'x' * 43}/", "not-found", scheme, width)
    stop, _row = tokens.issue(purpose=TokenPurpose.UNSUBSCRIBE, workspace_id=cast.workspace.pk, subject_id=cast.bo.pk, now=now, expires_at=None)
    see(page, f"{live_server.url}/p/{stop}/stop/", "stop", scheme, width)
    assert complaints == []


# The main journeys


@pytest.fixture
def asked(cast: Any) -> dict[str, str]:
    """The links of a rating and of a check to Bo, as they stand in the mail."""
    now = timezone.now()
    event = make_event(cast.borealis, cast.ana_voice, what="Re-planned your night routes", on=now.date(), now=now)
    ask_rating(event, now=now)
    open_round(relationship=cast.borealis, now=now, reason="due")
    return {prompt.kind: link_of(prompt, now) for prompt in Prompt.objects.filter(participant=cast.bo_speaks)}


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def go_to(page: Any, role: str, name: str) -> None:
    """By Tab alone, as somebody without a mouse does."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _ in range(60):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by the keys")


@pytest.mark.parametrize("script", [True, False])
def test_from_the_mail_to_done_in_two_taps(browser: Any, live_server: Any, asked: Any, script: bool) -> None:
    """A check: one tap on an answer in the mail, one on "Send my answer". A rating: two on its page, for the mail's tap has said the first thing."""
    page = browser.new_context(java_script_enabled=script, viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{live_server.url}{asked['CHECK']}?answer=-1")  # the first tap, in the mail
    assert not Answer.objects.exists()  # opening records nothing
    page.get_by_role("button", name="Send my answer").click()  # the second
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert Answer.objects.get().y_micro == -1_000_000
    page.goto(f"{live_server.url}{asked['RATING']}?expected=MORE")
    page.locator("label", has=page.locator("input[name=worth][value='3']")).click()
    page.get_by_role("button", name="Send my answer").click()
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert (Report.objects.get().expectation, Report.objects.get().word) == ("MORE", Word.LOT)


def test_from_the_mail_to_done_by_the_keys_alone(page: Any, live_server: Any, asked: Any) -> None:
    page.goto(f"{live_server.url}{asked['CHECK']}?answer=-1")
    go_to(page, "button", "Send my answer")
    press(page, "Enter")
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert Answer.objects.get().y_micro == -1_000_000
    page.goto(f"{live_server.url}{asked['RATING']}?expected=MORE")
    for _ in range(60):
        if page.evaluate("document.activeElement.name") == "worth":
            break
        press(page, "Tab")
    press(page, "Space", *["ArrowRight"] * 4)
    go_to(page, "button", "Send my answer")
    press(page, "Enter")
    page.get_by_role("heading", name="Thank you, Bo.").wait_for()
    assert (Report.objects.get().expectation, Report.objects.get().word) == ("MORE", Word.LOT)


@pytest.mark.parametrize("script", [True, False])
def test_on_the_own_page_an_answer_is_changed_by_the_keys_alone(browser: Any, live_server: Any, cast: Any, asked: Any, script: bool) -> None:
    says(Prompt.objects.get(kind="CHECK", participant=cast.bo_speaks).round, cast.bo_speaks, "2")
    page = browser.new_context(java_script_enabled=script).new_page()
    sign_in(page, live_server, BO)
    page.goto(f"{live_server.url}/me/")
    if script:
        go_to(page, "link", "Change")
        press(page, "Enter")
    else:  # focus cannot be asked for without a script, so the link is followed
        page.get_by_role("link", name="Change", exact=True).press("Enter")
    page.get_by_role("radio", name="I get more than I give", exact=True).wait_for()
    if script:
        go_to(page, "radio", "I get more than I give")
        press(page, "ArrowDown")
        go_to(page, "button", "Send my answer")
        press(page, "Enter")
    else:
        page.get_by_role("radio", name="I get a little more than I give", exact=True).press("Space")
        page.get_by_role("button", name="Send my answer").press("Enter")
    page.get_by_text("Your answer is in.").wait_for()
    assert Answer.objects.standing().get().y_micro == 1_000_000


@pytest.mark.parametrize("script", [True, False])
def test_something_is_put_right_by_the_keys_alone(browser: Any, live_server: Any, cast: Any, script: bool) -> None:
    page = browser.new_context(java_script_enabled=script).new_page()
    sign_in(page, live_server, BO)
    page.goto(f"{live_server.url}/me/with/{cast.borealis.public_id}/")
    page.get_by_role("link", name="Please put this right").press("Enter")
    page.get_by_label("What should be put right?").press("a")
    page.get_by_role("button", name="Send it now").press("Enter")
    page.get_by_text("has it now.").wait_for()
    page.get_by_text("Not read yet.").wait_for()

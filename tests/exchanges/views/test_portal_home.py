"""The own page of the other side: everything of its own, nothing that we keep to ourselves, and each act once."""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from exchanges.models import Answer, Assurance, EventVersion, Prompt, PromptKind, PromptState, Report, RoundSeat, ValueEvent, Visibility, Word
from exchanges.services.prompts import ask_rating
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.rounds import answer_check, open_round, sweep_rounds
from relationships.models import Kind, Participant, Person, SideRole, TermsVersion
from relationships.services.parties import add_person, email_digest
from relationships.services.relationships import add_participant
from tests.makers import A_YEAR_AGO, NOW, TODAY, make_event, make_relationship, speaker
from valueledger.common import portal_sessions
from valueledger.common.models import AuditEntry

BO, EVA = "bo@borealis.example", "eva@acme.example"
DAY = timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def signed_in(address=BO, *, strict=False):
    client = Client(enforce_csrf_checks=strict)
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)[0]
    return client


@pytest.fixture
def bo(cast, clock):
    return signed_in()


@pytest.fixture
def url(cast):
    return f"/me/with/{cast.borealis.public_id}/"


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def ours(cast, value, now=NOW, sentence=""):
    seat = RoundSeat.objects.select_related("round").order_by("-pk").filter(participant=cast.ana_speaks)[0]
    return answer_check(seat=seat, value=Decimal(value), sentence=sentence, assurance=Assurance.SIGNED_IN, now=now)


# What stands there


def test_one_relationship_opens_straight_away(bo, url):
    assert bo.get("/me/").url == url
    page = text(bo.get(url))
    assert "With Acme, you have not told us yet whether you get as much as you give." in page
    assert "Nothing is waiting for you" in page
    assert "You have not answered a question yet." in page


def test_both_directions_with_the_receivers_own_words(bo, url, cast):
    got = make_event(cast.borealis, cast.ana_voice, what="Night routes planned again")
    gave = make_event(cast.borealis, cast.bo_voice, giver=1, what="Hosted your new hires")
    report_got(event=gave, side=0, voice=cast.ana_voice, account=Account(word=Word.LOT, sentence="They came back with a grip on it."), now=NOW)
    report_gave(
        event=got, side=0, voice=cast.ana_voice, account=Account(word=Word.GREAT, guess_word=Word.GREAT, money=Decimal(4000), currency="GBP"), now=NOW
    )
    page = text(bo.get(url))
    assert "Hosted your new hires A lot “They came back with a grip on it.”" in page.replace("“ ", "“") or "They came back with a grip on it." in page
    assert "said Acme" in page
    assert "Night routes planned again" in page
    assert "Rate it" in page
    assert "4000" not in page
    assert "A great deal" not in page  # our cost and our guess are ours


def test_what_we_keep_to_ourselves_is_not_there(bo, url, cast):
    make_event(cast.borealis, cast.ana_voice, what="Kept to ourselves", visibility=Visibility.PRIVATE)
    shared = make_event(cast.borealis, cast.bo_voice, giver=1, what="Theirs")
    report_got(
        event=shared, side=0, voice=cast.ana_voice, account=Account(word=Word.BURDEN, visibility=Visibility.PRIVATE, sentence="A nuisance"), now=NOW
    )
    for path in ("", "got/", "gave/"):
        page = text(bo.get(url + path))
        assert "Kept to ourselves" not in page
        assert "A nuisance" not in page
        assert "Got in the way" not in page


def test_a_colleagues_words_are_the_sides_and_not_the_colleagues(bo, url, cast):
    cy = add_person(workspace=cast.workspace, name="Cy Colleague", email="cy@borealis.example")
    speaks = add_participant(side=cast.bo_speaks.side, person=cy, from_on=A_YEAR_AGO)
    event = make_event(cast.borealis, cast.ana_voice, what="A thing for both")
    from exchanges.access import Voice

    report_got(event=event, side=1, voice=Voice(participant=speaks), account=Account(word=Word.LOT, sentence="Between us only"), now=NOW)
    page = text(bo.get(url))
    assert "A lot" in page
    assert "said by your side" in page
    assert "Cy" not in page.replace("Cyan", "")
    assert "Between us only" not in page
    assert "Rate it" in page  # Bo may still say it in his own words


def test_nobodys_answer_shows_before_the_reveal_and_both_after(bo, url, cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="asked")
    before = text(bo.get(url))
    ours(cast, -3, sentence="We feel used")
    assert text(bo.get(url)) == before
    prompt = Prompt.objects.get(side=SideRole.COUNTERPART)
    assert "All in all, with Acme, do you get as much as you give?" in before
    answered = bo.post(f"{url}questions/{prompt.public_id}/", {"balance": "2", "sentence": "Fine by me"})
    assert answered.url == f"{url}?done=answer"
    assert Answer.objects.get(participant=cast.bo_speaks).assurance == Assurance.SIGNED_IN
    sweep_rounds(now=NOW + timedelta(minutes=2))
    clock.move_to(NOW + timedelta(minutes=2))
    after = text(bo.get(url))
    assert "We feel used" in after
    assert "both sides can read it" in after
    assert bo.post(f"{url}questions/{prompt.public_id}/", {"balance": "1"}).status_code == 409


def test_an_open_answer_can_be_changed_at_once_and_is_never_taken_for_a_machine(bo, url, cast):
    open_round(relationship=cast.borealis, now=NOW, reason="asked")
    prompt = Prompt.objects.get(side=SideRole.COUNTERPART)
    for value in ("2", "-1"):
        assert bo.post(f"{url}questions/{prompt.public_id}/", {"balance": value}).status_code == 302
    assert Answer.objects.standing().get(participant=cast.bo_speaks).y_micro == -1_000_000
    page = bo.get(url).content.decode()
    assert "Change" in page
    assert "nobody else sees it yet" in page
    assert f"{url}questions/{prompt.public_id}/" in page


def test_a_rating_answers_its_question_and_a_later_one_corrects(bo, url, cast, clock):
    event = make_event(cast.borealis, cast.ana_voice, what="Depot workshop")
    [prompt] = ask_rating(event, now=NOW)
    assert "Depot workshop" in text(bo.get(url))
    where = f"{url}rate/{event.public_id}/"
    assert bo.post(where, {"expected": "AS", "worth": "1"}).url == f"{url}?done=rating"
    prompt.refresh_from_db()
    assert prompt.state == PromptState.ANSWERED
    later = NOW + 20 * DAY  # its link is over; signed in it is a correction
    clock.move_to(later)
    client = Client()
    client.cookies["portal"] = portal_sessions.begin(address_hash=email_digest(BO), user_agent="", now=later)[0]
    assert client.get(where).status_code == 200
    assert client.post(where, {"expected": "LESS", "worth": "-1"}).status_code == 302
    newest = Report.objects.standing().get(event=event, side=1)
    assert (newest.word, newest.seq) == (-1, 2)
    assert Prompt.objects.filter(kind=PromptKind.RATING).count() == 1


def test_an_event_without_a_question_can_be_rated_and_none_is_made(bo, url, cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Never asked about", on=TODAY - 200 * DAY)
    assert bo.post(f"{url}rate/{event.public_id}/", {"expected": "WOW", "worth": "4"}).status_code == 302
    assert Report.objects.get(event=event).participant == cast.bo_speaks
    assert not Prompt.objects.exists()


@pytest.mark.parametrize("typed", [{"act": "put_off", "for": "week"}, {"act": "skip"}, {"act": "less", "seen": "1"}, {"act": "as_usual"}])
@pytest.mark.parametrize("was_asked", [True, False])
def test_where_nobody_asks_there_is_nothing_to_put_off_or_skip(bo, url, cast, typed, was_asked):
    event = make_event(cast.borealis, cast.ana_voice)
    if was_asked:
        [prompt] = ask_rating(event, now=NOW)
        Prompt.objects.filter(pk=prompt.pk).update(closes_at=NOW, state=PromptState.LAPSED)
    where = f"{url}rate/{event.public_id}/"
    shown = text(bo.get(where))
    assert "Not now" not in shown
    assert "Skip this time" not in shown
    assert "Send my answer" in text(bo.get(f"{where}?less"))
    assert bo.post(where, typed).status_code == 409
    assert bo.post(where, {"expected": "nonsense"}).status_code == 422
    assert set(Prompt.objects.values_list("state", flat=True)) <= {PromptState.LAPSED}
    assert Person.objects.get(pk=cast.bo.pk).less_often == 1
    assert not Report.objects.exists()
    assert bo.post(where, {"expected": "AS", "worth": "1"}).status_code == 302
    assert set(Prompt.objects.values_list("state", flat=True)) <= {PromptState.ANSWERED}


def test_the_same_rating_again_answers_no_question_that_lapsed(bo, url, cast):
    event = make_event(cast.borealis, cast.ana_voice)
    where, typed = f"{url}rate/{event.public_id}/", {"expected": "AS", "worth": "1"}
    bo.post(where, typed)
    [prompt] = ask_rating(event, now=NOW)
    Prompt.objects.filter(pk=prompt.pk).update(closes_at=NOW, state=PromptState.LAPSED)
    assert bo.post(where, typed).status_code == 302
    assert Prompt.objects.get().state == PromptState.LAPSED
    assert Report.objects.count() == 1


def test_nobody_rates_what_it_gave_itself_or_what_is_promised(bo, url, cast):
    mine = make_event(cast.borealis, cast.bo_voice, giver=1)
    promised = make_event(cast.borealis, cast.ana_voice, status="PROMISED")
    for event in (mine, promised):
        assert bo.get(f"{url}rate/{event.public_id}/").status_code == 404


def test_no_stranger_sees_it(cast, clock, url, employee):
    for address in (EVA, "zed@zenith.example"):
        assert signed_in(address).get(url).status_code == 404
    assert Client().get(url).url == "/me/enter/"


def test_all_of_them_page_by_page_in_one_order(bo, url, cast, monkeypatch):
    monkeypatch.setattr("exchanges.views.portal_home.PAGE", 3)
    for number in range(8):
        make_event(cast.borealis, cast.ana_voice, what=f"Entry {number}", on=TODAY - (number // 2) * DAY)
    seen, address = [], f"{url}got/"
    while address:
        page = bo.get(address).content.decode()
        seen += re.findall(r"<b>(Entry \d)</b>", page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = found.group(1).replace("&amp;", "&") if found else ""
    assert seen == [f"Entry {number}" for number in (1, 0, 3, 2, 5, 4, 7, 6)]
    assert bo.get(f"{url}got/?after=999999").status_code == 404
    assert bo.get(f"{url}got/?after=x").status_code == 404


# Saying more


def test_they_add_what_they_gave_with_what_it_took(bo, url, cast):
    typed = {"key": "k1", "way": "gave", "what": "Two evenings with the new hires", "when": TODAY.isoformat(), "cost": "2", "unit": "evenings"}
    for _ in range(2):  # a second tap
        assert bo.post(f"{url}add/", typed).url == f"{url}?done=added"
    event = ValueEvent.objects.get()
    assert (event.giver, event.author_side) == (1, 1)
    version = EventVersion.objects.get(event=event)
    assert (version.visibility, version.author_participant) == ("SHARED", cast.bo_speaks)
    report = Report.objects.get()
    assert (report.role, report.typed_amount, report.unit.name, report.participant) == ("GAVE", Decimal(2), "evenings", cast.bo_speaks)
    assert "2 evenings" in text(bo.get(url))


def test_they_add_what_they_got_with_their_word(bo, url):
    bo.post(f"{url}add/", {"way": "got", "what": "A quiet week", "when": TODAY.isoformat(), "worth": "3", "expected": "MORE"})
    report = Report.objects.get()
    assert (report.role, report.side, report.word, report.giver) == ("GOT", 1, 3, 0)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"way": "", "what": "x"}, "way"), ({"way": "gave", "what": ""}, "what"), ({"way": "gave", "what": "x", "when": "yesterday"}, "when"),
        ({"way": "gave", "what": "x", "worth": "2"}, "way"), ({"way": "got", "what": "x", "cost": "2", "unit": "h"}, "way"),
        ({"way": "gave", "what": "x", "cost": "2"}, "unit"), ({"way": "gave", "what": "x", "cost": "many", "unit": "h"}, "cost"),
        ({"way": "gave", "what": "x", "when": "2031-01-01"}, "when"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_named_and_nothing_is_written(bo, url, typed, field):
    response = bo.post(f"{url}add/", {"when": TODAY.isoformat(), **typed})
    assert response.status_code == 422
    assert f"id_{field}" in re.findall(r'href="#([^"]+)"', response.content.decode())[1:] or field in response.context["form"].errors
    assert not ValueEvent.objects.exists()


def test_they_say_what_matters_and_share_it_out_again(bo, url, cast):
    full = {"key": "t1", "kind0": "Quiet nights", "weight0": "6", "words0": "nobody phones", "kind1": "Price", "weight1": "4"}
    assert bo.post(f"{url}terms/", full).url == f"{url}?done=terms#terms"
    short = {"short": "1", "key": "t2", "kind0": "Quiet nights", "weight0": "9", "words0": "nobody phones", "kind1": "Price", "weight1": "1"}
    assert bo.post(f"{url}terms/", short).status_code == 302
    assert TermsVersion.objects.filter(author=cast.bo_speaks).count() == 2
    assert bo.post(f"{url}terms/", {**short, "key": "t3", "weight0": "5"}).status_code == 422
    assert TermsVersion.objects.count() == 2


def test_units_of_others_are_not_offered(bo, url, cast):
    event = make_event(cast.borealis, cast.ana_voice)
    report_gave(event=event, side=0, voice=cast.ana_voice, account=Account(typed_amount=Decimal(3), unit="secret sprints"), now=NOW)
    assert "secret sprints" not in bo.get(f"{url}add/").content.decode()
    assert "secret sprints" not in bo.get(f"{url}terms/").content.decode()


# How to be asked, taking it along, leaving


def test_preferences_are_kept_and_shown_again(bo, url, cast):
    typed = {"often": "fortnight", "less": "2", "quiet_from": "17:00", "quiet_until": "09:30", "own_days": "on", "quiet_days": ["5", "6", "7"],
             "away_until": (TODAY + 9 * DAY).isoformat(), "time_zone": "Europe/Oslo"}  # fmt: skip
    assert bo.post(f"{url}asking/", typed).url == f"{url}?done=preferences#preferences"
    person = Person.objects.get(pk=cast.bo.pk)
    assert (person.ask_budget, person.less_often, person.quiet_days, person.time_zone) == (2, 2, "567", "Europe/Oslo")
    assert (person.away_from, person.away_until) == (TODAY, TODAY + 9 * DAY)
    page = bo.get(url).content.decode()
    assert 'value="fortnight" selected' in page
    assert (TODAY + 9 * DAY).isoformat() in page


@pytest.mark.parametrize(
    "typed",
    [
        {"often": "hourly"}, {"less": "9"}, {"quiet_from": "25:00"}, {"quiet_from": "17:00"}, {"quiet_from": "17:00", "quiet_until": "17:00"},
        {"own_days": "on", "quiet_days": list("1234567")}, {"quiet_days": ["8"]}, {"away_until": "2020-01-01"}, {"away_from": TODAY.isoformat()},
        {"away_until": "2028-01-01"}, {"time_zone": "Mars/Base"}, {"time_zone": "../etc/passwd"},
    ],
)  # fmt: skip
def test_preferences_that_make_no_sense_are_named_and_change_nothing(bo, url, cast, typed):
    response = bo.post(f"{url}asking/", typed)
    assert response.status_code == 422
    assert response.context["preferences"].errors
    assert Person.objects.filter(
        pk=cast.bo.pk, less_often=1, ask_budget=None, quiet_from=None, quiet_days=None, away_until=None, time_zone=""
    ).exists()
    assert not AuditEntry.objects.filter(action="person.preferences").exists()


def test_stop_asking_me_and_on_again(bo, url, cast):
    bo.post(f"{url}asking/", {"act": "stop"})
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at == NOW
    assert "Write to me again" in text(bo.get(url))
    bo.post(f"{url}asking/", {"act": "resume"})
    assert Person.objects.get(pk=cast.bo.pk).suppressed_at is None


def told(client, url):
    response = client.post(f"{url}data/")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in response.headers["Cache-Control"]
    return response.content.decode()


def test_the_file_holds_all_of_ones_own_and_nothing_of_ours(bo, url, cast):
    ours_alone = make_event(cast.borealis, cast.ana_voice, what="Kept to ourselves", visibility=Visibility.PRIVATE)
    shared = make_event(cast.borealis, cast.ana_voice, what="Depot workshop")
    report_gave(event=shared, side=0, voice=cast.ana_voice, account=Account(word=Word.LOT, sentence="Cost us a week"), now=NOW)
    report_gave(event=ours_alone, side=0, voice=cast.ana_voice, account=Account(word=Word.LOT), now=NOW)
    bo.post(f"{url}rate/{shared.public_id}/", {"expected": "AS", "worth": "1", "sentence": "It was fine"})
    bo.post(f"{url}add/", {"way": "gave", "what": "Hosted two hires", "when": TODAY.isoformat(), "cost": "2", "unit": "evenings"})
    bo.post(f"{url}terms/", {"kind0": "Quiet nights", "weight0": "10"})
    open_round(relationship=cast.borealis, now=NOW, reason="asked")
    ours(cast, -3, sentence="We feel used")
    prompt = Prompt.objects.get(kind=PromptKind.CHECK, side=1)
    bo.post(f"{url}questions/{prompt.public_id}/", {"balance": "2", "guess": "1", "sentence": "Fine by me"})
    kept = told(bo, url)
    data = json.loads(kept)
    assert [row["sentence"] for row in data["reports"]] == ["It was fine", ""]
    assert data["reports"][0]["about"] == "Depot workshop"
    assert [(row["value"], row["guess"], row["sentence"]) for row in data["answers"]] == [("2", "1", "Fine by me")]
    assert data["logged_by_you"][0]["what"] == "Hosted two hires"
    assert data["what_matters_to_you"][0]["lines"][0]["what"] == "Quiet nights"
    assert [row["kind"] for row in data["questions_to_you"]] == ["CHECK"]
    assert data["you"]["email"] == BO
    for secret in ("Kept to ourselves", "Cost us a week", "We feel used", str(ours_alone.public_id), "Ana", "ana@"):
        assert secret not in kept, secret
    assert AuditEntry.objects.filter(action="export.own", actor_kind="person", actor_id=cast.bo.pk).count() == 1


def test_a_file_that_did_hold_ours_would_be_noticed(bo, url, cast, monkeypatch):
    """Negative control."""
    make_event(cast.borealis, cast.ana_voice, what="Kept to ourselves", visibility=Visibility.PRIVATE)
    monkeypatch.setattr("exchanges.services.own_export._versions", lambda place: EventVersion.objects.select_related("event", "value_kind", "text"))
    assert "Kept to ourselves" in told(bo, url)


def test_leaving_takes_the_questions_back_and_keeps_what_was_said(bo, url, cast):
    event = make_event(cast.borealis, cast.ana_voice, what="Depot workshop")
    bo.post(f"{url}rate/{event.public_id}/", {"expected": "AS", "worth": "1"})
    open_round(relationship=cast.borealis, now=NOW, reason="asked")
    ours(cast, 1)
    assert "Stop speaking for Borealis?" in text(bo.get(f"{url}leave/"))
    assert Participant.objects.get(pk=cast.bo_speaks.pk).left_on is None
    assert bo.post(f"{url}leave/").url == "/me/"
    assert Participant.objects.get(pk=cast.bo_speaks.pk).left_on == TODAY
    assert set(Prompt.objects.filter(participant=cast.bo_speaks).values_list("state", flat=True)) == {PromptState.WITHDRAWN}
    assert RoundSeat.objects.get(participant=cast.bo_speaks).release.reason == "left"
    assert Report.objects.standing().filter(participant=cast.bo_speaks).exists()
    assert bo.get(url).status_code == 404
    assert bo.post(f"{url}leave/").status_code == 404
    assert "You no longer speak for Borealis" in text(bo.get("/me/"))
    assert json.loads(told(bo, url))["relationship"]["left_on"] == TODAY.isoformat()
    assert AuditEntry.objects.filter(action="participant.left").count() == 1


# Employees and friends


def test_an_employees_page_says_whose_the_answers_are(cast, employee, clock):
    client, url = signed_in(EVA), f"/me/with/{employee.relationship.public_id}/"
    page = text(client.get(url))
    assert "What you answer is yours" in page
    assert "only in sums of five people or more" in page
    assert "The entry" not in page
    event = make_event(
        employee.relationship, cast.ana_voice.__class__(member=cast.ana, participant=speaker(employee.relationship, 0)), what="A day off"
    )
    assert client.post(f"{url}rate/{event.public_id}/", {"expected": "AS", "worth": "-1", "sentence": "Too late"}).status_code == 302
    steward = Client()
    steward.force_login(cast.ana.user)
    assert "Too late" not in text(steward.get(f"/events/{event.public_id}/"))
    assert "Got in the way" in text(client.get(url))


def test_between_friends_nothing_is_counted(cast, clock):
    fia = add_person(workspace=cast.workspace, name="Fia", email="fia@home.example")
    friend = make_relationship(cast.ana, "Fia", kind=Kind.PERSONAL, people=(fia,))
    page = signed_in("fia@home.example").get(f"/me/with/{friend.public_id}/").content.decode()
    assert '<svg class="chart"' not in page
    assert "nothing is written down yet about how it feels for you" in page


def test_every_form_carries_its_token(cast, clock, url):
    strict = signed_in(strict=True)
    for path in ("add/", "terms/", "asking/", "data/", "leave/"):
        assert strict.post(url + path).status_code == 403
    page = strict.get(url).content.decode()
    assert page.count('name="csrfmiddlewaretoken"') == page.count('method="post"')

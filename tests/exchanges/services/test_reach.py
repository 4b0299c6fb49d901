"""Whose address a steward may change. Whoever reads an address can sign in as its person and read what they said."""

import re
from datetime import time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from exchanges.access import places_for
from exchanges.models import Assurance, RoundSeat
from exchanges.services import reach
from exchanges.services.prompts import stop_mails
from exchanges.services.reach import AddressStays, change_address, try_again
from exchanges.services.rounds import answer_check, open_round
from exchanges.services.sending import send_due
from exchanges.services.speakers import add_speaker, person_of, remove_speaker
from relationships.models import Kind, Person, PersonText, SideRole
from relationships.services.parties import email_digest
from tests.exchanges.views.test_outbox import browser_of
from tests.exchanges.views.test_portal import link_to
from tests.makers import NOW, make_relationship, speaker
from valueledger.common import portal_sessions
from valueledger.common.models import Outbox, PortalSession, Token

DAY = timedelta(days=1)
MINE = "ana.reads@this.example"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moving:
        yield moving


def settings_of(relationship):
    return reverse("desk:relationship_settings", args=[relationship.public_id])


def post_address(member, participant, email=MINE):
    page = settings_of(participant.side.relationship)
    return browser_of(member).post(page, {"act": "address", "participant": str(participant.public_id), "email": email})


def address_of(person):
    return PersonText.objects.get(person=person).email


def answer(participant, value="1"):
    seat = RoundSeat.objects.select_related("round").get(participant=participant)
    answer_check(seat=seat, value=Decimal(value), assurance=Assurance.LINK, now=NOW)


def signs_in(address):
    """Where somebody comes to who reads this address, asks for a link, opens it and goes to their page."""
    browser = Client()
    mail.outbox.clear()
    browser.post(reverse("portal:enter"), {"email": address})
    send_due(now=NOW)
    links = [link for message in mail.outbox if message.to == [address] for link in re.findall(r"https?://[^/\s]+(/\S*)", message.body)]
    for link in links:
        if "sign" in link or "enter" in link:
            browser.post(link)
    return browser.get(reverse("portal:home")).url


@pytest.mark.parametrize("has_answered", [False, True])
def test_a_manager_cannot_sign_in_as_an_employee(cast, employee, clock, monkeypatch, has_answered):
    open_round(relationship=employee.relationship, now=NOW, reason="due")
    if has_answered:
        answer(employee.eva_speaks)
    page = browser_of(cast.ana).get(settings_of(employee.relationship)).content.decode()
    assert "New address of Eva Holm" not in page  # alike whether or not she answered: the page must not tell
    assert reach.STAYS_EMPLOYEE in page
    refused = post_address(cast.ana, employee.eva_speaks)
    assert refused.status_code == 422
    assert reach.STAYS_EMPLOYEE in refused.content.decode()
    assert address_of(employee.eva) == "eva@acme.example"
    hers = reverse("portal:place", args=[employee.relationship.public_id])
    assert signs_in(MINE) == reverse("portal:enter")
    assert signs_in("eva@acme.example") == hers

    monkeypatch.setattr(reach, "why_address_stays", lambda person, member: "")  # negative control: this is what it keeps shut
    assert post_address(cast.ana, employee.eva_speaks).status_code == 302
    assert signs_in(MINE) == hers


def test_an_employee_is_not_reached_through_another_relationship(cast, employee, clock):
    """Amir lets Eva's address speak for a client of his: to him that is somebody new, by the name that he typed, and Eva's own stays hers."""
    side_door = make_relationship(cast.amir, "Side door")
    part = add_speaker(relationship=side_door, role=SideRole.COUNTERPART, name="E", email="eva@acme.example", member=cast.amir, now=NOW)
    assert part.person_id != employee.eva.pk
    page = browser_of(cast.amir).get(settings_of(side_door)).content.decode()
    assert "Eva Holm" not in page
    with pytest.raises(AddressStays):
        change_address(participant=part, email=MINE, member=cast.ana, now=NOW)
    assert post_address(cast.amir, part).status_code == 302
    assert address_of(employee.eva) == "eva@acme.example"
    assert {place.relationship.pk for place in places_for(email_digest(MINE), now=NOW)} == {side_door.pk}


def test_a_known_and_an_unknown_address_look_the_same_to_who_does_not_know_them(cast, clock):
    """What another steward calls them, and that they are here at all, is not told; nor does the second name reach the first."""
    relationship = make_relationship(cast.amir, "Mine")
    for email in ("bo@borealis.example", "nobody@nowhere.example"):
        part = add_speaker(relationship=relationship, role=SideRole.COUNTERPART, name="B. B.", email=email, member=cast.amir, now=NOW)
        assert part.person.text.name == "B. B."
    page = browser_of(cast.amir).get(settings_of(relationship)).content.decode()
    assert page.count("B. B.") >= 2
    assert "Bo Berg" not in page
    assert cast.bo.text.name == "Bo Berg"
    again = add_speaker(relationship=make_relationship(cast.ana, "More"), role=SideRole.COUNTERPART, name="X", email="bo@borealis.example",
                        member=cast.ana, now=NOW)  # fmt: skip
    assert again.person_id == cast.bo.pk  # Ana knows Bo


def test_one_human_is_one_human_to_whoever_mails(cast, clock):
    """Two rows of one address: one mail a day for both, and whoever stops one has stopped the other, which begins stopped."""
    workspaces = type(cast.workspace).objects.filter(pk=cast.workspace.pk)
    workspaces.update(quiet_from=time(0), quiet_until=time(0), quiet_days="")
    other = make_relationship(cast.amir, "Mine")
    part = add_speaker(relationship=other, role=SideRole.COUNTERPART, name="B.", email="BO@borealis.example", member=cast.amir, now=NOW)
    for relationship in (cast.borealis, other):
        open_round(relationship=relationship, now=NOW, reason="due")
    send_due(now=NOW)
    to_bo = [message for message in mail.outbox if message.to[0].lower() == "bo@borealis.example"]
    assert len(to_bo) == 1
    stop_mails(person=part.person, now=NOW)
    assert set(Person.objects.filter(text__email__iexact="bo@borealis.example").values_list("suppressed_at", flat=True)) == {NOW}
    cast.lea.is_steward = True
    third = add_speaker(relationship=make_relationship(cast.lea, "Third"), role=SideRole.COUNTERPART, name="B", email="bo@borealis.example",
                        member=cast.lea, now=NOW)  # fmt: skip
    assert Person.objects.get(pk=third.person_id).suppressed_at == NOW


@pytest.mark.parametrize("has_left", [False, True])
def test_a_person_of_another_steward_is_not_redirected(cast, clock, monkeypatch, has_left):
    part = speaker(make_relationship(cast.amir, "Mine", people=(cast.bo,)))
    if has_left:
        remove_speaker(relationship=cast.borealis, participant=cast.bo_speaks, member=cast.ana, now=NOW)
    refused = post_address(cast.amir, part)
    assert refused.status_code == 422
    assert reach.STAYS in refused.content.decode()
    assert "New address of Bo Berg" not in refused.content.decode()
    assert address_of(cast.bo) == "bo@borealis.example"
    with monkeypatch.context() as without:
        without.setattr(reach, "why_address_stays", lambda person, member: "")  # negative control
        assert post_address(cast.amir, part).status_code == 302
    assert cast.borealis.public_id in {place.relationship.public_id for place in places_for(email_digest(MINE), now=NOW)}


def test_nobodys_relationship_is_not_this_members(cast, clock):
    nobodys = make_relationship(cast.ana, "Nobody's", people=(cast.bo,))
    assert reach.why_address_stays(cast.bo, cast.ana) == ""
    nobodys.steward = None
    nobodys.save()
    assert reach.why_address_stays(cast.bo, cast.ana) == reach.STAYS


def test_a_colleague_and_somebody_erased_keep_their_address(cast, clock):
    amir = person_of(cast.amir)
    own = make_relationship(cast.ana, "Alone")
    part = add_speaker(relationship=own, role=SideRole.OWN, name="Amir", email=cast.amir.user.email, member=cast.ana, now=NOW)
    assert part.person_id == amir.pk
    with pytest.raises(AddressStays):
        change_address(participant=part, email=MINE, member=cast.ana, now=NOW)
    PersonText.objects.filter(person=cast.bo).update(email="")  # as erasing leaves it: the hash alone
    with pytest.raises(AddressStays):
        change_address(participant=cast.bo_speaks, email=MINE, member=cast.ana, now=NOW)


def test_who_was_signed_in_with_the_old_address_is_so_no_more(cast, clock):
    open_round(relationship=cast.borealis, now=NOW, reason="due")
    link = link_to("bo@borealis.example")
    for address in ("bo@borealis.example", "somebody@else.example"):
        portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=NOW)
    clock.move_to(NOW + 30 * DAY)  # closed meanwhile: the link would still show what was written behind it
    assert Client().get(f"{link}put-right/").status_code == 200
    stays = post_address(cast.ana, cast.bo_speaks, "bo@new.example")
    assert stays.status_code == 422
    assert reach.STAYS_REACHED in stays.content.decode()
    Person.objects.filter(pk=cast.bo.pk).update(refused_at=NOW + 29 * DAY)  # nobody reads it any more
    assert post_address(cast.ana, cast.bo_speaks, "bo@new.example").status_code == 302
    assert Client().get(f"{link}put-right/").status_code == 404
    assert not Token.objects.filter(purpose="PROMPT", revoked_at__isnull=True, subject_id__in=cast.bo_speaks.prompts.values("pk")).exists()
    ended = {bytes(row.address_hash): row.ended_at is not None for row in PortalSession.objects.all()}
    assert ended == {email_digest("bo@borealis.example"): True, email_digest("somebody@else.example"): False}


@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.EMPLOYEE])
@pytest.mark.parametrize("is_guarded", [True, False])
def test_what_goes_out_again_does_not_tell_who_answered_blind(cast, clock, kind, is_guarded, monkeypatch):
    """Two people, one of whom has answered: the same rows. Without the guard only who has not answered gets another."""
    if not is_guarded:
        monkeypatch.setattr(reach, "ENDED", ())
    rows = {}
    for name, has_answered in (("One", True), ("Two", False)):
        relationship = make_relationship(cast.ana, name, kind=kind)
        part = add_speaker(relationship=relationship, role=SideRole.COUNTERPART, name=name, email=f"{name}@there.example", member=cast.ana, now=NOW)
        open_round(relationship=relationship, now=NOW, reason="due")
        send_due(now=NOW)
        if has_answered:
            answer(part)
        Person.objects.filter(pk=part.person_id).update(refused_at=NOW, refused_reason="550")
        try_again(person=Person.objects.get(pk=part.person_id), member=cast.ana, now=NOW + DAY)
        rows[name] = list(Outbox.objects.filter(recipient_id=part.person_id).order_by("pk").values_list("kind", "state"))
        assert speaker(relationship).pk == part.pk
    assert (rows["One"] == rows["Two"]) is is_guarded
    assert rows["Two"][-1] == ("again:r1", "DUE")

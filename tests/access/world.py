"""A world with one of everybody and one of everything, for walking over every address as everyone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from exchanges.access import Voice
from exchanges.models import EventStatus, EventVersion, ImportBatch, ImportTable, Prompt, Reflection, Visibility, Word
from exchanges.selectors.settling import due_of
from exchanges.services.put_right import ask_to_put_right
from exchanges.services.reflections import set_how_often
from exchanges.services.reports import Account, report_gave, report_got
from exchanges.services.requalify import ask_worth
from exchanges.services.rounds import open_round
from exchanges.services.settling_prompts import ask
from relationships.models import Kind, Member, SideRole, ValueKind
from relationships.services.catalogue import seed_catalogue
from relationships.services.members import invite
from relationships.services.parties import add_party, add_person, email_digest
from relationships.services.setup import issue_password_link
from relationships.services.workspaces import make_token, tag_of
from tests.makers import NOW, TODAY, make_event, make_member, make_relationship, make_workspace, speaker
from valueledger.common import portal_sessions, tokens
from valueledger.common.models import Outbox
from valueledger.common.models.tokens import TokenPurpose
from valueledger.common.tenancy import within

LATER = NOW + timedelta(hours=1)

# Who knocks. A page is asked with a session, an address of the API with a token; a link is its own authority.
ROLES = {
    "AN": "nobody known",
    "ML": "the holder of a client's link",
    "EM": "the holder of an employee's link",
    "AM": "the steward of the relationship",
    "AM2": "the steward of another one",
    "MG": "the manager: the steward of the employee's relationship",
    "LD": "a leader",
    "OA": "an owner, and nothing else",
    "OAx": "the owner of another workspace, who also stewards and leads there",
    "FM": "a former member",
    "HM": "somebody who speaks for the client, signed in to the portal",
    "HE": "the employee, signed in to the portal",
    "HX": "somebody who speaks for a client of the other workspace, signed in to the portal",
    "TKR": "the steward's token, that only reads",
    "TKW": "the steward's token, that reads and writes",
    "TK2": "the token of the steward of another relationship",
    "TKM": "the manager's token",
    "TKL": "a leader's token",
    "TKO": "an owner's token",
    "TKX": "a token of another workspace",
    "TKF": "the token of a former member",
}


@dataclass
class World:
    """`things` leads from a word of the table to the arguments of an address."""

    members: dict[str, Member] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    guests: dict[str, str] = field(default_factory=dict)  # keys of portal sessions

    def client(self, role: str) -> Client:
        client = Client(raise_request_exception=False)
        if role in self.members:
            client.force_login(self.members[role].user)
        if role in self.guests:
            client.cookies["portal"] = self.guests[role]
        return client

    def headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {}

    def arguments(self, thing: str, role: str) -> dict[str, Any]:
        """Where this role goes. With a link of its own it opens its own."""
        if thing in self.links:
            return {"token": self.links[thing].get(role, "no-such-link")}
        return self.things[thing]

    def random_arguments(self, thing: str) -> dict[str, Any]:
        """The same address, for something that does not exist."""
        return {name: uuid.uuid4() if isinstance(value, uuid.UUID) else f"{value}x" for name, value in self.arguments(thing, "").items()}


def make_world() -> World:
    acme, zenith = make_workspace("Acme"), make_workspace("Zenith")
    world = World()
    with within(zenith.pk):
        world.members["OAx"] = make_member(zenith, "Zed", steward=True, leader=True, owner=True)
        EmailAddress.objects.create(user=world.members["OAx"].user, email=world.members["OAx"].user.email, primary=True, verified=True)
        world.tokens["TKX"] = _token(world.members["OAx"], "read write")
        make_relationship(world.members["OAx"], "Xenia", people=(add_person(workspace=zenith, name="Xu", email="xu@xenia.example"),))
    with within(acme.pk):
        seed_catalogue(workspace=acme)
        _people(world, acme)
        _things(world, acme)
    return world


def _token(member: Member, scopes: str) -> str:
    return make_token(member=member, label="walk", scopes=scopes, lives=timedelta(days=90), now=NOW).secret


def _people(world: World, acme: Any) -> None:
    for role, name, held in (
        ("AM", "Ana Lind", {"steward": True}), ("AM2", "Amir", {"steward": True}), ("MG", "Mona", {"steward": True}), ("LD", "Lea", {"leader": True}),
        ("OA", "Oda", {"owner": True}), ("FM", "Fay", {"steward": True, "leader": True, "owner": True}),
    ):  # fmt: skip
        world.members[role] = make_member(acme, name, **held)
        EmailAddress.objects.create(user=world.members[role].user, email=world.members[role].user.email, primary=True, verified=True)
    for token, role, scopes in (
        ("TKR", "AM", "read"), ("TKW", "AM", "read write"), ("TK2", "AM2", "read write"), ("TKM", "MG", "read write"), ("TKL", "LD", "read write"),
        ("TKO", "OA", "read write"), ("TKF", "FM", "read write"),
    ):  # fmt: skip
        world.tokens[token] = _token(world.members[role], scopes)
    former = world.members["FM"]
    former.left_at = NOW
    former.save(update_fields=["left_at"])


def _things(world: World, acme: Any) -> None:
    ana, mona = world.members["AM"], world.members["MG"]
    bo = add_person(workspace=acme, name="Bo Berg", email="bo@borealis.example")
    eva = add_person(workspace=acme, name="Eva Holm", email="eva@acme.example")
    client, employee = make_relationship(ana, people=(bo,)), make_relationship(mona, "Eva Holm", kind=Kind.EMPLOYEE, people=(eva,))
    make_relationship(world.members["AM2"], "Dovetail")
    friend = make_relationship(ana, "A friend", kind=Kind.PERSONAL)
    voice, bo_voice = Voice(member=ana, participant=speaker(client, SideRole.OWN)), Voice(participant=speaker(client))
    event, private = make_event(client, voice), make_event(client, voice, visibility=Visibility.PRIVATE, what="Kept to ourselves")
    theirs = make_event(client, bo_voice, giver=1, visibility=Visibility.PRIVATE, what="Kept to themselves")
    at_work = make_event(employee, Voice(member=mona, participant=speaker(employee, SideRole.OWN)))
    report = report_gave(event=event, side=SideRole.OWN, voice=voice, account=Account(word=Word.LOT), now=NOW)
    report_got(event=event, side=SideRole.COUNTERPART, voice=bo_voice, account=Account(word=Word.LOT), now=NOW)
    evas = report_got(event=at_work, side=SideRole.COUNTERPART, voice=Voice(participant=speaker(employee)), account=Account(word=Word.LOT), now=NOW)
    rounds = [open_round(relationship=row, now=NOW, reason="asked") for row in (client, employee)]
    batch = ImportBatch.objects.create(workspace=acme, member=ana, table=ImportTable.CHECKS, source="walk", file_name="walk.csv", created_at=NOW)
    public = {
        "relationship": client, "employee": employee, "friend": friend, "event": event, "own_private": private, "their_private": theirs, "work_event": at_work,
        "report": report, "employees_report": evas, "round": rounds[0], "employees_round": rounds[1], "import": batch, "person": bo, "employee_person": eva,
        "member": ana, "party": client.sides.get(role=1).party, "friend_party": friend.sides.get(role=1).party,
        "kind": ValueKind.objects.order_by("pk")[0], "own_prompt": _prompt(client, SideRole.OWN), "their_prompt": _prompt(client, SideRole.COUNTERPART),
    }  # fmt: skip
    world.things = {name: {"public_id": row.public_id} for name, row in public.items()}
    asked = {"client": (client, public["their_prompt"]), "employee": (employee, _prompt(employee, SideRole.COUNTERPART))}
    for name, (row, prompt) in asked.items():
        world.things[f"{name}_question"] = {"public_id": row.public_id, "prompt_id": prompt.public_id}
    world.things["not_answered"] = {"public_id": employee.public_id, "answer_id": uuid.uuid4()}
    world.things["our_question"] = {"public_id": client.public_id, "prompt_id": public["own_prompt"].public_id}
    for name, row, about in (
        ("rate_event", client, event),
        ("rate_private", client, private),
        ("rate_theirs", client, theirs),
        ("rate_work", employee, at_work),
    ):
        world.things[name] = {"public_id": row.public_id, "event_id": about.public_id}
    for role, address in (("HM", "bo@borealis.example"), ("HE", "eva@acme.example"), ("HX", "xu@xenia.example")):
        world.guests[role], _row = portal_sessions.begin(address_hash=email_digest(address), user_agent="", now=LATER)
    world.links["sign_in"] = {"AN": tokens.issue(purpose=TokenPurpose.SIGN_IN, now=LATER, workspace_id=acme.pk, subject_id=bo.pk,
                                                 expires_at=LATER + timedelta(minutes=10), browser_hash=b"of another browser")[0]}  # fmt: skip
    for name, who in (("put_right", speaker(client)), ("employees_put_right", speaker(employee))):
        world.things[name] = {"public_id": ask_to_put_right(participant=who, text="The invoice was wrong twice.", now=NOW).public_id}
    world.things["report_of_event"] = {"public_id": event.public_id, "report_id": report.public_id}
    for name, asked in (("message", public["their_prompt"]), ("employees_message", _prompt(employee, SideRole.COUNTERPART))):
        world.things[name] = {"public_id": Outbox.objects.get(subject_id=asked.pk).public_id}
    made = make_token(member=ana, label="to revoke", scopes="read", lives=timedelta(days=1), now=NOW)
    world.things |= {"": {}, "tag": {"tag": tag_of(made.row)}, "setup": {"token": issue_password_link(user=world.members["AM2"].user, now=NOW)}}
    world.things["invitation"] = {"token": invite(by=world.members["OA"], email="nia@acme.example", roles=["STEWARD"], now=NOW)}
    world.things |= {"mail_key": {"key": "no-such-key"}, "reset_key": {"uidb36": "1", "key": "no-such-key"}}
    world.links["link"] = {
        "ML": _link(public["their_prompt"], TokenPurpose.PROMPT),
        "EM": _link(_prompt(employee, SideRole.COUNTERPART), TokenPurpose.PROMPT),
    }
    world.links["stop_link"] = {"ML": _link(bo, TokenPurpose.UNSUBSCRIBE), "EM": _link(eva, TokenPurpose.UNSUBSCRIBE)}
    world.things["employees_prompt"] = {"public_id": _prompt(employee, SideRole.COUNTERPART).public_id}
    world.links["digest_link"] = {"AM": _link(ana, TokenPurpose.DIGEST)}
    set_how_often(member=ana, how_often="MONTHLY", now=NOW)
    world.things["reflection"] = {"public_id": Reflection.objects.get(member=ana).public_id}
    worth = ask_worth(participant=speaker(client, SideRole.OWN), now=NOW)
    assert worth is not None
    world.things["worth_prompt"] = {"public_id": worth.public_id}
    add_party(workspace=acme, name="In nothing yet")
    _promises(world, client, voice, employee)
    world.things["spare_person"] = {"public_id": add_person(workspace=acme, name="Speaks nowhere yet").public_id}


def _promises(world: World, client: Any, voice: Voice, employee: Any) -> None:
    """What became of a promise of theirs, of one of ours, and of an employee's, asked on the day it was meant for."""
    for name, row, giver in (("our_settlement", client, 0), ("client_settlement", client, 1), ("employee_settlement", employee, 1)):
        speaks = Voice(participant=speaker(row)) if giver else voice
        event = make_event(row, speaks, giver=giver, what="Two coupons", status=EventStatus.PROMISED, expected_on=TODAY)
        due = due_of(EventVersion.objects.select_related("event__relationship").get(event=event))
        prompt = ask(due, speaker(row, giver), now=NOW + timedelta(minutes=30))
        assert prompt is not None
        world.things[name] = {"public_id": prompt.public_id} if giver == 0 else {"public_id": row.public_id, "prompt_id": prompt.public_id}
        world.things[f"{name}_at_the_desk"] = {"public_id": prompt.public_id}


def _prompt(relationship: Any, side: int) -> Prompt:
    return Prompt.objects.get(relationship=relationship, side=side)


def _link(subject: Any, purpose: str) -> str:
    secret, _ = tokens.issue(purpose=purpose, now=NOW, workspace_id=subject.workspace_id, subject_id=subject.pk, expires_at=NOW + timedelta(days=14))
    return secret

"""Who is in the story: the colleagues, Oakhollow itself, and each relationship with its people and its terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from exchanges.services.demo.people import COLLEAGUES, OURS, OURS_SHORT
from exchanges.services.demo.story import Story, Values
from exchanges.services.relationships import open_relationship, set_terms
from relationships.models import Kind, Member, Participant, Party, PartyKind, Person, Relationship, Side, SideRole, User, ValueKind, Workspace
from relationships.services.catalogue import seed_catalogue
from relationships.services.intents import write_intent
from relationships.services.parties import add_party, add_person
from relationships.services.terms import TermsLine, add_own_kind

SAID_AGAIN = 120  # days ago


@dataclass(frozen=True)
class Stage:
    """One relationship on stage: its rows, and who speaks for either side."""

    story: Story
    relationship: Relationship
    steward: Member
    speakers: dict[SideRole, Participant]


@dataclass(frozen=True)
class Clock:
    """Turns "days ago" into dates and times of the workspace's zone."""

    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def at(self, ago: int, hour: int = 9, minute: int = 0) -> datetime:
        """That day at that hour; never later than now."""
        moment = datetime.combine(self.day(ago), datetime.min.time(), tzinfo=self.now.tzinfo) + timedelta(hours=hour, minutes=minute)
        return min(moment, self.now - timedelta(minutes=1))


def seat_members(*, workspace: Workspace, owner: Member) -> dict[str, Member]:
    """The owner and the colleagues, each with the person they are. Colleagues have no password, so nobody signs in as one."""
    members = {"owner": owner}
    ensure_person(owner, owner.user.name or owner.user.email.split("@")[0], owner.user.email)
    for colleague in COLLEAGUES:
        user, created = User.objects.get_or_create(email=colleague.email, defaults={"name": colleague.name})
        if created:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        member, _ = Member.objects.get_or_create(workspace=workspace, user=user, defaults={"is_steward": True})
        ensure_person(member, colleague.name, colleague.email)
        members[colleague.key] = member
    return members


def ensure_person(member: Member, name: str, email: str) -> Person:
    if member.person is None:
        member.person = add_person(workspace=member.workspace, name=name, email=email)
        member.save(update_fields=["person"])
    return member.person


def open_all(*, workspace: Workspace, stories: tuple[Story, ...], members: dict[str, Member], clock: Clock) -> list[Stage]:
    seed_catalogue(workspace=workspace)
    kinds = {kind.code: kind for kind in ValueKind.objects.filter(workspace=workspace)}
    ours = add_party(workspace=workspace, name=OURS, short_name=OURS_SHORT)
    owner_alone = add_party(workspace=workspace, name=members["owner"].user.get_full_name() or OURS, kind=PartyKind.PERSON)
    stages = []
    for story in stories:
        own_party = owner_alone if story.kind == Kind.PERSONAL else ours
        stage = open_one(workspace=workspace, story=story, own_party=own_party, steward=members[story.steward], clock=clock)
        write_values(stage, kinds, clock)
        stages.append(stage)
    return stages


def open_one(*, workspace: Workspace, story: Story, own_party: Party, steward: Member, clock: Clock) -> Stage:
    is_person = story.kind != Kind.CLIENT
    party = add_party(workspace=workspace, name=story.name, short_name=story.short, kind=PartyKind.PERSON if is_person else PartyKind.ORGANISATION)
    contacts = [add_person(workspace=workspace, name=contact.name, email=contact.email) for contact in story.contacts]
    assert steward.person is not None
    relationship = open_relationship(
        workspace=workspace,
        own_party=own_party,
        counterpart_party=party,
        kind=story.kind,
        steward=steward,
        now=clock.at(story.since, 8),
        started_on=clock.day(story.since),
        stage=story.stage,
        cadence_days=story.cadence,
        intent_own=story.we_mean,
        intent_counterpart=story.they_mean,
        own_people=[steward.person],
        counterpart_people=contacts,
    )
    first = {SideRole.OWN: steward.person.pk, SideRole.COUNTERPART: contacts[0].pk}
    speakers = {
        SideRole(row.side.role): row
        for row in Participant.objects.filter(side__relationship=relationship).select_related("side")
        if row.person_id == first[SideRole(row.side.role)]
    }
    for role, meant in ((SideRole.OWN, story.we_mean), (SideRole.COUNTERPART, story.they_mean)):
        if meant and story.since > SAID_AGAIN + 60:  # and said it again since, as people do who are asked
            side = Side.objects.get(relationship=relationship, role=role)
            write_intent(side=side, author=speakers[role], intent=meant, said_on=clock.day(SAID_AGAIN + 30 * role))
    return Stage(story, relationship, steward, speakers)


def write_values(stage: Stage, kinds: dict[str, ValueKind], clock: Clock) -> None:
    """Each side says what matters to it soon after the beginning; where there is an older version, they said it anew some weeks ago."""
    story, since = stage.story, stage.story.since
    versions = [(SideRole.OWN, story.we_value, since - 2)]
    if story.their_terms_before:
        versions += [(SideRole.COUNTERPART, story.their_terms_before, since - 3), (SideRole.COUNTERPART, story.they_value, 46)]
    else:
        versions += [(SideRole.COUNTERPART, story.they_value, since - 3)]
    for role, values, ago in versions:
        if values:
            author = stage.speakers[role]
            lines = [line_of(author.side, value, kinds) for value in values]
            set_terms(side=author.side, author=author, lines=lines, effective_on=clock.day(ago), now=clock.at(ago, 15))


def line_of(side: Side, value: Values, kinds: dict[str, ValueKind]) -> TermsLine:
    kind = add_own_kind(side=side, name=value.own) if value.own else kinds[value.code]
    return TermsLine(kind, value.weight, value.words, value.anchor, value.unit, Decimal(value.rate) if value.rate else None)

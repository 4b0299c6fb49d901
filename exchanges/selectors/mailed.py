"""All that a mail about a question stands on, read by one statement after the claim: whether it may still go, and what it says.

For the road of every mail. Pages, and questions that travel in another's mail, read the same by `prompts_with_people` and its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from exchanges.models import CLOSING, Occasion, Prompt, Round, RoundPosting, ValueEvent
from exchanges.selectors.readings import Names
from relationships.models import Member, Participant, PartyKind, Person, PersonText, Relationship, SideRole, User, Workspace
from valueledger.common import rows

AROUND = timedelta(days=1)  # today somewhere, in whatever zone
PARTS = (
    rows.Part("mine", Prompt),
    rows.Part("desk", Workspace),
    rows.Part("pair", Relationship, ("id", "public_id", "workspace", "kind", "stage", "steward")),
    rows.Part("steward", Member, ("id", "workspace", "user")),
    rows.Part("account", User, ("id", "name")),
    rows.Part("voice", Participant),
    rows.Part("person", Person),
    rows.Part("called", PersonText),
    rows.Part("asked_in", Round),
    rows.Part("posting", RoundPosting),
    rows.Part("event", ValueEvent),
    rows.Part("why", Occasion, ("id", "kind", "happened_on", "ask_from")),
)
STANDS = """NOT said.is_withdrawal AND NOT EXISTS (SELECT 1 FROM exchanges_answer later WHERE later.supersedes_id = said.id)
    AND NOT EXISTS (SELECT 1 FROM exchanges_answermark mark WHERE mark.answer_id = said.id)"""
ALSO = f"""own.kind, own_text.name, own_text.short_name, their.kind, their_text.name, their_text.short_name,
    (SELECT COUNT(DISTINCT said.side) FROM exchanges_answer said WHERE said.round_id = mine.round_id AND said.first_hand AND {STANDS}),
    (SELECT MAX(said.answered_on) FROM exchanges_answer said WHERE said.workspace_id = mine.workspace_id
        AND said.relationship_id = mine.relationship_id AND said.participant_id = mine.participant_id AND said.first_hand
        AND (mine.round_id IS NULL OR said.round_id IS NULL OR said.round_id <> mine.round_id) AND {STANDS}),
    EXISTS (SELECT 1 FROM relationships_participant other WHERE other.side_id = voice.side_id AND other.id <> voice.id),
    EXISTS (SELECT 1 FROM exchanges_valueevent any_event WHERE any_event.workspace_id = mine.workspace_id
        AND any_event.relationship_id = mine.relationship_id),
    EXISTS (SELECT 1 FROM relationships_holiday free WHERE free.workspace_id = mine.workspace_id AND free."on" BETWEEN %s AND %s)"""  # noqa: S608
PLACE = """JOIN relationships_side {side}_side ON {side}_side.relationship_id = pair.id AND {side}_side.role = {role}
    JOIN relationships_party {side} ON {side}.id = {side}_side.party_id
    JOIN relationships_partytext {side}_text ON {side}_text.party_id = {side}.id"""
SOURCE = f"""exchanges_prompt mine
    JOIN relationships_workspace desk ON desk.id = mine.workspace_id
    JOIN relationships_relationship pair ON pair.id = mine.relationship_id
    LEFT JOIN relationships_member steward ON steward.id = pair.steward_id
    LEFT JOIN relationships_user account ON account.id = steward.user_id
    JOIN relationships_participant voice ON voice.id = mine.participant_id
    JOIN relationships_person person ON person.id = voice.person_id
    LEFT JOIN relationships_persontext called ON called.person_id = person.id
    LEFT JOIN exchanges_round asked_in ON asked_in.id = mine.round_id
    LEFT JOIN exchanges_roundposting posting ON posting.round_id = mine.round_id
    LEFT JOIN exchanges_valueevent event ON event.id = mine.event_id
    LEFT JOIN exchanges_occasion why ON why.id = (SELECT one.id FROM exchanges_occasion one WHERE one.round_id = mine.round_id
        ORDER BY CASE WHEN one.kind IN ({", ".join(f"'{kind}'" for kind in CLOSING)}) THEN 0 ELSE 1 END, one.ask_from, one.id LIMIT 1)
    {PLACE.format(side="own", role=int(SideRole.OWN))}
    {PLACE.format(side="their", role=int(SideRole.COUNTERPART))}
    WHERE mine.workspace_id = %s AND mine.id = %s"""  # noqa: S608


@dataclass(frozen=True)
class Known:
    """A question with everything around it, as it was at one moment."""

    prompt: Prompt
    names: Names
    sides_heard: int  # of its round, by answers that stand
    last_answered_on: date | None  # by this person, in an earlier round
    may_have_colleagues: bool  # somebody else speaks for their side, or did
    has_events: bool  # the relationship has: something may be told of them
    may_be_holiday: bool  # yesterday, today or tomorrow is one in this workspace
    occasions: tuple[Occasion, ...]  # the one that its round was opened for


def known_of(workspace_id: int, prompt_id: int, now: datetime) -> Known | None:
    today = now.astimezone(UTC).date()
    values = [(today - AROUND).isoformat(), (today + AROUND).isoformat(), workspace_id, prompt_id]
    found = rows.side_by_side(PARTS, SOURCE, values, also=ALSO)
    if not found:
        return None
    prompt, desk, pair, steward, account, voice, person, called, asked_in, posting, event, why, *more = found[0]
    rows.link(voice, workspace=desk, person=person)
    rows.link(pair, workspace=desk, steward=steward)
    rows.link(person, workspace=desk)
    rows.link(prompt, workspace=desk, relationship=pair, participant=voice, round=asked_in, event=event)
    person._state.fields_cache["text"] = called  # None says that there is none, so that nobody asks again
    if steward is not None:
        rows.link(steward, user=account)
    if asked_in is not None:
        asked_in._state.fields_cache["posting"] = posting
    own_kind, own, own_short, their_kind, their, their_short, heard, last, others, events, holidays = more
    return Known(
        prompt=prompt,
        names=Names(own, own_short or own, their, their_short or their, their_kind == PartyKind.PERSON, own_kind == PartyKind.PERSON),
        sides_heard=heard,
        last_answered_on=date.fromisoformat(last) if isinstance(last, str) else last,
        may_have_colleagues=bool(others),
        has_events=bool(events),
        may_be_holiday=bool(holidays),
        occasions=(why,) if why is not None else (),
    )

"""Who: workspaces and their members, people and parties, relationships with their two sides, and the terms each side speaks in."""

from relationships.models.erasures import Erasure
from relationships.models.parties import Party, PartyKind, PartyText, Person, PersonText
from relationships.models.relationships import ENDED_STAGES, Intent, IntentVersion, Kind, Participant, Relationship, Rhythm, Side, SideRole, Stage
from relationships.models.terms import TermsItem, TermsText, TermsVersion, Unit, ValueKind, ValueKindGiver
from relationships.models.workspaces import Digest, Holiday, Member, Role, User, Workspace

__all__ = [
    "ENDED_STAGES", "Digest", "Erasure", "Holiday", "Intent", "IntentVersion", "Kind", "Member", "Participant", "Party", "PartyKind", "PartyText", "Person", "PersonText", "Relationship",
    "Rhythm", "Role", "Side", "SideRole", "Stage", "TermsItem", "TermsText", "TermsVersion", "Unit", "User", "ValueKind", "ValueKindGiver", "Workspace",
]  # fmt: skip

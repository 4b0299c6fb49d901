"""What: events and each side's reports of them, rounds and answers, prompts, and the evidence and snapshots of balances."""

from exchanges.models.asking import CLOSING, SHAKING, Occasion, OccasionKind, Requalification, RequalificationText, StillWorth
from exchanges.models.events import AuthorSide, EventKind, EventStatus, EventText, EventVersion, Giver, ValueEvent, Visibility
from exchanges.models.imagining import KeptWhatIf, KeptWhatIfText
from exchanges.models.imports import ImportBatch, ImportFile, ImportKey, ImportRow, ImportState, ImportTable
from exchanges.models.prompts import Prompt, PromptKind, PromptState
from exchanges.models.put_right import PutRight, PutRightStep, PutRightStepText, PutRightText
from exchanges.models.reflections import Feeling, HowOften, Reflecting, Reflection, ReflectionQuestion
from exchanges.models.reports import Arrived, Beneficiary, Expectation, Owing, Report, ReportFact, ReportRole, ReportText, Word
from exchanges.models.rounds import (
    Answer,
    AnswerMark,
    AnswerText,
    Assurance,
    Disclosure,
    Posting,
    RevealRule,
    Round,
    RoundPosting,
    RoundSeat,
    SeatRelease,
    Shown,
    Sureness,
)  # fmt: skip
from exchanges.models.settling import Advance, AdvanceText, Became, Returned, Settlement
from exchanges.models.snapshots import (
    NO_VALUE,
    BalanceCheckpoint,
    BalanceState,
    Card,
    Evidence,
    EvidenceKind,
    LiveEvidence,
    Snapshot,
    SourceKind,
    View,
)  # fmt: skip
from exchanges.models.together import (
    AnswerItem,
    Commitment,
    CommitmentEvent,
    CommitmentText,
    Goal,
    GoalMove,
    GoalStep,
    GoalText,
    ItemKind,
    Stance,
    StanceLine,
)  # fmt: skip

__all__ = [
    "CLOSING", "NO_VALUE", "SHAKING", "Advance", "AdvanceText", "Answer", "AnswerItem", "AnswerMark", "AnswerText", "Arrived", "Assurance", "AuthorSide", "BalanceCheckpoint", "BalanceState",
    "Became", "Beneficiary", "Card", "Commitment", "CommitmentEvent", "CommitmentText", "Disclosure", "EventKind", "EventStatus", "EventText", "EventVersion", "Evidence", "EvidenceKind", "Expectation", "Feeling", "Giver", "Goal", "GoalMove", "GoalStep", "GoalText", "HowOften",
    "ImportBatch", "ImportFile", "ImportKey", "ImportRow", "ImportState", "ImportTable", "ItemKind", "KeptWhatIf", "KeptWhatIfText", "LiveEvidence", "Occasion", "OccasionKind", "Owing",
    "Posting", "Prompt", "PromptKind", "PromptState", "PutRight", "PutRightStep", "PutRightStepText", "PutRightText", "Reflecting", "Reflection", "ReflectionQuestion", "Report", "ReportFact", "ReportRole", "ReportText", "Requalification", "RequalificationText",
    "Returned",
    "RevealRule", "Round", "RoundPosting", "RoundSeat", "SeatRelease", "Settlement", "Shown", "Snapshot", "SourceKind", "Stance", "StanceLine", "StillWorth", "Sureness", "ValueEvent",
    "View", "Visibility", "Word",
]  # fmt: skip

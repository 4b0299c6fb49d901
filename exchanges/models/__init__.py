"""What: events and each side's reports of them, rounds and answers, prompts, and the evidence and snapshots of balances."""

from exchanges.models.asking import CLOSING, Occasion, OccasionKind, Requalification, RequalificationText, StillWorth
from exchanges.models.events import AuthorSide, EventKind, EventStatus, EventText, EventVersion, Giver, ValueEvent, Visibility
from exchanges.models.imports import ImportBatch, ImportFile, ImportKey, ImportRow, ImportState, ImportTable
from exchanges.models.prompts import Prompt, PromptKind, PromptState
from exchanges.models.put_right import PutRight, PutRightStep, PutRightStepText, PutRightText
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

__all__ = [
    "CLOSING", "NO_VALUE", "Answer", "AnswerMark", "AnswerText", "Arrived", "Assurance", "AuthorSide", "BalanceCheckpoint", "BalanceState",
    "Beneficiary", "Card", "Disclosure", "EventKind", "EventStatus", "EventText", "EventVersion", "Evidence", "EvidenceKind", "Expectation", "Giver",
    "ImportBatch", "ImportFile", "ImportKey", "ImportRow", "ImportState", "ImportTable", "LiveEvidence", "Occasion", "OccasionKind", "Owing",
    "Posting", "Prompt", "PromptKind", "PromptState", "PutRight", "PutRightStep", "PutRightStepText", "PutRightText", "Report", "ReportFact", "ReportRole", "ReportText", "Requalification", "RequalificationText",
    "RevealRule", "Round", "RoundPosting", "RoundSeat", "SeatRelease", "Shown", "Snapshot", "SourceKind", "StillWorth", "Sureness", "ValueEvent",
    "View", "Visibility", "Word",
]  # fmt: skip

"""
The balance core: how even a relationship feels to each side, and how sure that is. Plain Python and NumPy: no clock, no database.

How to use it, from evidence to words:

    evidence = EvidenceColumns.from_rows([(series, day, Kind.CHECK, -1_000_000, False), ...])   # series = 2 * relationship + side
    ensure_sound(evidence)                          # at a door; raises UnsoundEvidence(row, reason)
    folded = fold(evidence, count=2 * relationships)            # any order of input, the same bits
    own, counterpart = sides(folded.after)
    many = outlook(own, counterpart, as_of=day, band_points=..., gap_max_days=...)              # arrays, one row a relationship
    one = outlook_of_one(own.of_one(), counterpart.of_one(), as_of=day)                         # Python numbers, None = undefined
    Verdict(one.verdict).code                       # "balanced", "own_feels_short", ... , "unconfirmed"
    turns_on(own, counterpart, as_of=day)           # the day on which a card says something else without new evidence

Keeping a balance up to date: store `folded.before`, `folded.after` (`pack()`, 152 bytes a series; `States.unpack(blob)`) and
`folded.open_day`. Evidence of a later day: `fold(new, count, initial=after)`. More evidence of the open day: fold that whole day
again from `before`. Of an earlier day, or a retraction: fold again from any state before it (none: the prior).

Why, when and what if, each from the evidence of one series: `contributions` (sums to r exactly), `smooth` (what we now think of
then), `drift`, `year_of_flows` and `imagine`; from outlooks: `severity`. All days are whole days since 1970-01-01, all values nats
unless named points; y > 0 and r > 0 mean that this side gets more than it gives.
"""

from .cadence import Reason, asked_now, bits_of_answer, chance_of_answer, wait_after_silence, worth_of_asking
from .comparison import Gap, Scale, gap_of_guess, landing_of_kind, scale_of_vignettes
from .evidence import EPOCH, MICRO, NANO, NO_VALUE, EvidenceColumns, Kind, Role, UnsoundEvidence, ensure_sound
from .explanation import Explained, contributions, largest
from .filtering import Folded, OutOfOrder, fold, predict
from .imagining import Imagined, YearOfFlows, event_weights, imagine, year_of_flows
from .parameters import DEFAULTS, Parameters
from .ranking import severity
from .smoothing import Drift, Line, drift, smooth
from .states import BYTES, States, sides
from .verdict import Feeling, Outlook, SideOutlook, Verdict, outlook, outlook_of_one, turns_on

__all__ = [
    "BYTES",
    "DEFAULTS",
    "EPOCH",
    "MICRO",
    "NANO",
    "NO_VALUE",
    "Drift",
    "EvidenceColumns",
    "Explained",
    "Feeling",
    "Folded",
    "Gap",
    "Imagined",
    "Kind",
    "Line",
    "OutOfOrder",
    "Outlook",
    "Parameters",
    "Reason",
    "Role",
    "Scale",
    "SideOutlook",
    "States",
    "UnsoundEvidence",
    "Verdict",
    "YearOfFlows",
    "asked_now",
    "bits_of_answer",
    "chance_of_answer",
    "contributions",
    "drift",
    "ensure_sound",
    "event_weights",
    "fold",
    "gap_of_guess",
    "imagine",
    "landing_of_kind",
    "largest",
    "outlook",
    "outlook_of_one",
    "predict",
    "scale_of_vignettes",
    "severity",
    "sides",
    "smooth",
    "turns_on",
    "wait_after_silence",
    "worth_of_asking",
    "year_of_flows",
]

"""What a view's balance should be, told again in plain Python from the statements alone. It shares no line with the product.

The rules are those of the data model: an event is for both sides or for its author's; a side's points are for both or for itself, an
employee's only for the employee; what a view may not see half of, it does not see at all; first hand sets aside what was passed on; an
answer counts when its round is revealed, on the day it was given.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from benchmarks.plain import CHECK, CONFIRM, GAVE, GOT, NO_VALUE, SHOCK, Side
from exchanges.models import Answer, Disclosure, EventVersion, Report, RoundPosting

SHARED, OWN, COUNTERPART = 1, 2, 4
EYES = {SHARED: None, OWN: 0, COUNTERPART: 1}  # whose eyes a view is
SHOCKING = {"INCIDENT", "HAND_OVER", "CHANGE_OF_TERMS"}
Rows = dict[int, list[tuple[int, int, int, bool]]]


def day(on: date) -> int:
    return (on - date(1970, 1, 1)).days


def rows_of(relationship, view: int) -> Rows:
    """By side: (day, kind, value, relayed)."""
    rows: Rows = {0: [], 1: []}
    disclosed_reports = set(Disclosure.objects.values_list("report_id", flat=True))
    disclosed_answers = set(Disclosure.objects.values_list("answer_id", flat=True))
    for version in EventVersion.objects.filter(event__relationship=relationship, superseded_by=None).select_related("event"):
        add_event(rows, version, view, relationship.kind == "EMPLOYEE", disclosed_reports)
    for answer in Answer.objects.filter(relationship=relationship, superseded_by=None, is_withdrawal=False, mark=None).select_related(
        "confirms_shown"
    ):
        add_answer(rows, answer, view, relationship.kind == "EMPLOYEE", disclosed_answers)
    return rows


def add_event(rows: Rows, version, view: int, is_employee: bool, disclosed: set) -> None:
    if version.is_withdrawal or version.status != "ARRIVED":
        return
    if version.visibility != "SHARED" and EYES[view] != version.event.author_side:
        return
    on = day(version.arrived_on)
    if version.kind in SHOCKING:
        for side in (0, 1):
            rows[side].append((on, SHOCK, 0, False))
    reports = Report.objects.filter(event=version.event, superseded_by=None, is_withdrawal=False)
    for side in (0, 1):
        mine = [report for report in reports if report.side == side]
        seen: dict[str, list] = defaultdict(list)
        hidden: set[str] = set()
        for report in mine:
            keeps = report.visibility != "SHARED" or (is_employee and side == 1 and report.first_hand and report.pk not in disclosed)
            if keeps and EYES[view] != side:
                if report.first_hand:
                    hidden.add(report.role)
            else:
                seen[report.role].append(report)
        for role, other in (("GOT", "GAVE"), ("GAVE", "GOT")):
            if not seen[role] or (other in hidden and not seen[other]):
                continue
            first_hand = [report for report in seen[role] if report.first_hand]
            sizes = [report.points_micro for report in first_hand or seen[role] if report.points_micro is not None]
            value = round(sum(sizes) / len(sizes)) if sizes else NO_VALUE
            rows[side].append((on, GOT if role == "GOT" else GAVE, value, not first_hand))


def add_answer(rows: Rows, answer, view: int, is_employee: bool, disclosed: set) -> None:
    if answer.first_hand:
        posting = RoundPosting.objects.filter(round_id=answer.round_id).first()
        if posting is None:
            return
        alone = posting.outcome == "CLOSED" or (is_employee and answer.side == 1)
        if is_employee and posting.outcome == "CLOSED" and answer.side == 0 and view == SHARED:
            alone = False  # our own number does the same whether or not the employee answered
        if alone and answer.pk not in disclosed and EYES[view] != answer.side:
            return
    if answer.y_micro is not None:
        rows[answer.side].append((day(answer.answered_on), CHECK, answer.y_micro, not answer.first_hand))
    else:
        rows[answer.side].append((day(answer.answered_on), CONFIRM, answer.confirms_shown.r_nano, not answer.first_hand))


def felt(relationship, view: int) -> list[tuple[float, float]]:
    """r and Var r of both sides, after the last thing that was said."""
    rows = rows_of(relationship, view)
    return [(side.felt(), side.variance()) for side in (Side().feed(rows[place]) for place in (0, 1))]

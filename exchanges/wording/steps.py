"""What to do next and why we ask now. A step begins with a verb and costs less than an hour."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from exchanges.wording import dates
from exchanges.wording.sides import Reading
from exchanges.wording.verdicts import ENDS

GAP_STEPS = 2


@dataclass(frozen=True, slots=True)
class NextStep:
    """action: what the button does. ask, call, clarify, tell, say, rebalance, learn, receive, give_back, confirm, leave."""

    title: str
    text: str
    action: str


@dataclass(frozen=True, slots=True)
class GapChip:
    """Giver's guess minus receiver's answer. Positive: the giver thought it worth more."""

    steps: int
    label: str


def gap_chip(guess: int | None, answer: int | None) -> GapChip | None:
    """None below two steps, and where one of the two is missing: then there is no gap, only a question."""
    if guess is None or answer is None or abs(guess - answer) < GAP_STEPS:
        return None
    steps = guess - answer
    label = _("Gap of {steps}: clarify") if steps > 0 else _("Gap of {steps}: tell them")
    return GapChip(steps, label.format(steps=abs(steps)))


def gap_sentence(steps: int, ours: bool) -> str:
    """What an open gap says. ours: we were the giver."""
    if ours:
        if steps > 0:
            return _("Some of what we gave lately was worth less to them than we thought.")
        return _("Some of what we gave lately was worth more to them than we thought.")
    if steps > 0:
        return _("Some of what they gave lately was worth less to us than they think.")
    return _("Some of what they gave lately was worth more to us than they know.")


def _ask(they: Reading, we: Reading, today: date) -> NextStep:
    if they.heard and we.heard:
        return NextStep(
            _("Compare notes"),
            _("Both sides have answered, and it is too close to say who gives more. Ask {name} what would tip it.").format(name=they.short),
            "call",
        )
    if they.heard:
        return NextStep(_("Answer for our side"), _("{name} has answered. We have not.").format(name=they.short), "confirm")
    if they.answered_on is None:
        return NextStep(_("Send a check"), _("{name} has not been heard yet. One answer takes ten seconds.").format(name=they.short), "ask")
    text = _("{name} last answered {day}. One answer makes their side certain again; it takes ten seconds.")
    return NextStep(_("Send a check"), text.format(name=they.short, day=dates.day(they.answered_on, today)), "ask")


def _gap(steps: int, ours: bool, name: str) -> NextStep:
    """A gap asks for a talk, never for more of the same. ours: we were the giver."""
    if steps > 0 and ours:
        text = _("What we rated high was worth less to {name}. Giving more of it will not close that gap. Ask what would have made it useful.")
        return NextStep(_("Clarify before you give more"), text.format(name=name), "clarify")
    if steps > 0:
        text = _("{name} thinks that what they gave was worth more to us than it was. Say kindly what would help more.")
        return NextStep(_("Clarify what would help us"), text.format(name=name), "clarify")
    if ours:
        text = _("What we gave was worth more to {name} than we thought. Ask what made it so, and keep it.")
        return NextStep(_("Learn what made it worth so much"), text.format(name=name), "learn")
    text = _("What {name} gave was worth more to us than they know. Tell them what it changed.")
    return NextStep(_("Tell them what it was worth"), text.format(name=name), "tell")


def _leave(next_check_on: date | None, today: date) -> NextStep:
    if next_check_on is None:
        return NextStep(_("Leave it as it is"), _("Fair on both sides. There is nothing to do."), "leave")
    text = _("Fair on both sides. The next check is due on {day}.").format(day=dates.day(next_check_on, today))
    return NextStep(_("Leave it as it is"), text, "leave")


def _short(code: str, name: str) -> NextStep:
    """Agreed where the other side says so too; else one side's view, so talk first."""
    if code == "tilted_to_own":
        text = _("{name} feels short, and we know that we get more. Agree on what to change.")
        return NextStep(_("Agree what to give back"), text.format(name=name), "rebalance")
    if code == "tilted_to_counterpart":
        text = _("We feel short, and {name} knows that they get more. Agree on what to change.")
        return NextStep(_("Agree what to give less of"), text.format(name=name), "rebalance")
    if code == "counterpart_feels_short":
        text = _("{name} feels short, and we did not notice. Ask before you offer anything.")
        return NextStep(_("Ask what is missing"), text.format(name=name), "learn")
    text = _("We give more than we feel we get, and {name} may not know. Say so plainly, then try a smaller scope.")
    return NextStep(_("Say so, then hear their side"), text.format(name=name), "say")


def _over(code: str, name: str) -> NextStep:
    if code == "counterpart_feels_indebted":
        text = _("{name} gets more than it gives, and that weighs on people too. Let them give back.")
        return NextStep(_("Ask for something they would gladly give"), text.format(name=name), "receive")
    if code == "own_feels_indebted":
        text = _("We get more than we give. Give {name} something they have said matters to them.")
        return NextStep(_("Give something back"), text.format(name=name), "give_back")
    text = _("Both sides feel they get more than they give. Say it aloud with {name}, and change nothing.")
    return NextStep(_("Confirm it together"), text.format(name=name), "confirm")


def next_step(
    code: str,
    they: Reading,
    we: Reading,
    *,
    today: date,
    spiral: bool = False,
    gap_steps: int | None = None,
    gap_ours: bool | None = None,
    next_check_on: date | None = None,
) -> NextStep:
    """The one next step of a relationship, by the first verdict that holds.

    gap_steps: the largest open gap. gap_ours: whether we gave what it is about; if not said, we think too high and they too low.
    """
    if code not in ENDS:
        return _ask(they, we, today)
    if spiral:
        text = _("Both sides give less because the other gives less. Somebody has to move first. Call {name} this week.")
        return NextStep(_("Call, and move first"), text.format(name=they.short), "call")
    if gap_steps is not None and abs(gap_steps) >= GAP_STEPS:
        return _gap(gap_steps, gap_steps > 0 if gap_ours is None else gap_ours, they.short)
    if code == "unseen_value":
        text = _("Both sides feel they give more than they get: what is given is not seen. Go through the ledger with {name}.")
        return NextStep(_("Show each other what was given"), text.format(name=they.short), "clarify")
    ends = ENDS[code]
    if min(ends) < 0:
        return _short(code, they.short)
    return _over(code, they.short) if max(ends) > 0 else _leave(next_check_on, today)


def personal_step(they: Reading) -> NextStep:
    return NextStep(_("Get in touch"), _("A call, a walk or a line to {name} is enough.").format(name=they.short), "call")


def due_reason(reason: str) -> str:
    """Why a check is due when it is. An unknown reason is the rhythm: nothing more is claimed."""
    reasons = {
        "never": _("nobody on this side has answered yet"),
        "blurred": _("one answer would now tell us more than the last one still does"),
        "unclear": _("the last answer left open whether this side feels short, fair or ahead"),
        "surprised": _("the last answer differed much from what we thought"),
        "longest": _("half a year is the longest we go without asking"),
        "rhythm": _("this is the rhythm set for this relationship"),
        "gap": _("earlier than usual, because guesses and answers lie apart"),
        "asked": _("somebody asked for it"),
        "season": _("the season has ended"),
        "ending": _("the relationship is coming to its end"),
    }
    return reasons.get(reason, reasons["rhythm"])

"""The voice: the sentences a page opens with. If the sentence is right, many people stop there."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exchanges.wording import dates
from exchanges.wording.numbers import capital, count_word
from exchanges.wording.sides import Eyes, Reading, Zone, side_number, side_sentence, zone_of
from exchanges.wording.verdicts import ENDS

LIKELY_BELOW = 0.6


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _nobody(reading: Reading, today: date, eyes: str) -> str:
    """Who has not answered, and since when: the reason why we do not know."""
    mine = reading.is_own == (eyes == Eyes.OWN)
    if reading.answered_on is None:
        if mine:
            return _("Nobody on our side has answered yet.") if eyes == Eyes.OWN else _("You have not answered yet.")
        return _("{name} has not answered yet.").format(name=reading.short)
    holes = {"name": reading.short, "when": dates.when(reading.answered_on, today)}
    if mine:
        own = _("Nobody on our side has answered since {when}.") if eyes == Eyes.OWN else _("You have not answered since {when}.")
        return own.format(**holes)
    if reading.is_person:
        return _("{name} has not answered since {when}.").format(**holes)
    return _("Nobody at {name} has answered since {when}.").format(**holes)


def unconfirmed_reason(they: Reading, we: Reading, today: date, eyes: str = Eyes.OWN) -> str:
    """Unconfirmed has two reasons: somebody has not answered, or both have and it is too close to say."""
    if they.heard and we.heard:
        return _("Both sides have answered, but it is too close to say.")
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    return _join(*(_nobody(side, today, eyes) for side in (other, mine) if not side.heard))


def _first_days(they: Reading, we: Reading, today: date, eyes: str) -> str:
    """At least one side never answered, or its answer is private: there is no verdict, and half a picture is named as half."""
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    if mine.estimate is None and other.estimate is None and not other.is_private:
        return _("We do not know yet. Nobody has answered.")
    return _join(side_sentence(mine, eyes), side_sentence(other, eyes))


def _but_unheard(they: Reading, we: Reading, today: date, eyes: str) -> str:
    """The last sentence of an unconfirmed page, whole: who has not answered since when, and so what."""
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    dated = [side.answered_on for side in (they, we) if side.answered_on]
    if not mine.heard and not other.heard:
        if not dated:
            return _("But neither side has answered, so we do not know.")
        return _("But neither side has answered since {when}, so we do not know.").format(when=dates.when(max(dated), today))
    silent = other if mine.heard else mine
    if silent.answered_on is None:
        return _join(_nobody(silent, today, eyes), _("So we do not know."))
    holes = {"name": silent.short, "when": dates.when(silent.answered_on, today)}
    if silent is mine:
        own = _("But nobody on our side has answered since {when}, so we do not know.")
        return (own if eyes == Eyes.OWN else _("But you have not answered since {when}, so we do not know.")).format(**holes)
    if silent.is_person:
        return _("But {name} has not answered since {when}, so we do not know.").format(**holes)
    return _("But nobody at {name} has answered since {when}, so we do not know.").format(**holes)


def _unheard(they: Reading, we: Reading, today: date, eyes: str) -> str:
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    reason = _but_unheard(they, we, today, eyes)
    if _is_fair(they) and _is_fair(we):
        return _join(_("We think this feels fair to both sides."), reason)
    return _join(side_sentence(other, eyes), side_sentence(mine, eyes), reason)


def _spiral(they: Reading, we: Reading, weeks: int | None, eyes: str) -> str:
    both_short = all(side.estimate and side.estimate[0] < -side.band for side in (they, we))
    if weeks is None:
        less = _("Both have been giving less lately. That feeds itself.")
    else:
        less = ngettext(
            "Both have been giving less for {weeks} week. That feeds itself.",
            "Both have been giving less for {weeks} weeks. That feeds itself.",
            weeks,
        ).format(weeks=weeks)
    if both_short:
        return _join(_("Both sides feel they give more than they get."), less)
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    return _join(side_sentence(other, eyes), side_sentence(mine, eyes), less)


def _is_fair(reading: Reading) -> bool:
    return reading.estimate is not None and zone_of(reading.estimate[0], reading.band) is Zone.FAIR


def _both_fair(they: Reading, we: Reading, hedged: bool) -> str:
    if not (_is_fair(they) and _is_fair(we)):
        return ""
    return _("This probably feels fair to both sides.") if hedged else _("This feels fair to both sides.")


def relationship_voice(
    they: Reading,
    we: Reading,
    verdict: str,
    kind: str,
    today: date,
    *,
    spiral: bool = False,
    spiral_weeks: int | None = None,
    probability: float | None = None,
    extra: str = "",
    eyes: str = Eyes.OWN,
) -> str:
    """What a relationship's page opens with. extra: a sentence about its gaps, said only where there is a verdict.

    Never says that a side is something it has not confirmed: an unheard side is thought, and the last sentence says who has not
    answered since when. A probability below .6 hedges both sides.
    """
    if kind == "personal":
        return personal_voice(they, we, verdict, today)
    if they.estimate is None or we.estimate is None:
        return _first_days(they, we, today, eyes)
    if not (they.heard and we.heard):
        return _unheard(they, we, today, eyes)
    mine, other = (we, they) if eyes == Eyes.OWN else (they, we)
    if verdict not in ENDS:
        reason = unconfirmed_reason(they, we, today, eyes)
        return _join(side_sentence(other, eyes, hedged=True), side_sentence(mine, eyes, hedged=True), reason)
    if spiral:
        return _spiral(they, we, spiral_weeks, eyes)
    hedged = probability is not None and probability < LIKELY_BELOW
    both = _both_fair(they, we, hedged) if verdict == "balanced" else ""
    return _join(both or _join(side_sentence(other, eyes, hedged=hedged), side_sentence(mine, eyes, hedged=hedged)), extra)


def personal_voice(they: Reading, we: Reading, verdict: str, today: date) -> str:
    """Words only: no numbers, no debts. The ledger of a friendship says how it feels, and that it has been a while."""
    name = they.short
    answered = [side.answered_on for side in (they, we) if side.answered_on]
    if not answered:
        return _("Nothing is written down yet about how it feels with {name}.").format(name=name)
    if verdict not in ENDS or not (they.heard or we.heard):
        return _("It has been a while. The last word about how it feels with {name} is from {when}.").format(
            name=name, when=dates.when(max(answered), today)
        )
    their_end, our_end = ENDS[verdict]
    if their_end < 0 and our_end < 0:
        return _("With {name}, it has felt heavy for both of you lately.").format(name=name)
    if our_end < 0:
        return _("With {name}, it has felt a little heavy for you lately.").format(name=name)
    if their_end < 0:
        return _("With {name}, it may have felt a little heavy for them lately.").format(name=name)
    return _("With {name}, it feels even.").format(name=name)


def last_words(they: Reading, today: date) -> str:
    """The gentle line of a personal list: it has been a while."""
    if they.answered_on is None:
        return _("not asked yet")
    return _("last word {ago}").format(ago=dates.ago(they.answered_on, today))


def map_title(name: str, verdict_label: str, they: Reading, we: Reading, rank: int | None = None) -> str:
    """What a mark of the map says: Tidewell Freight, they give more: they −1.2 ±0.5, we +0.4 ±0.4."""
    title = _("{name}, {verdict}: they {they}, we {we}").format(name=name, verdict=verdict_label.lower(), they=side_number(they), we=side_number(we))
    return title if rank is None else f"{rank} {title}"


def timeline_label(name: str, start: date, end: date, checks: int, open_since: date | None, today: date) -> str:
    """One panel for those who cannot see it."""
    holes = {"name": name, "start": dates.month_year(start), "end": dates.month_year(end)}
    head = _("How fair {name} feels, {start} to {end}.").format(**holes)
    if not checks:
        return _join(head, _("No check was answered in this time."))
    told = ngettext("{count} check answered.", "{count} checks answered.", checks).format(count=checks)
    if open_since is None:
        return _join(head, told)
    return _join(head, told, _("Unconfirmed since {day}.").format(day=dates.day(open_since, today)))


def portfolio_voice(fair: int, total: int, attention: int, unconfirmed: int) -> str:
    """The sentence above the map, announced when the filter changes."""
    head = ngettext(
        "{fair} of {total} relationship feels fair to both sides.", "{fair} of {total} relationships feel fair to both sides.", total
    ).format(fair=fair, total=total)
    talk = ngettext("{count} needs a conversation", "{count} need a conversation", attention).format(count=attention)
    if attention and unconfirmed:
        return _join(head, _("{talk}, and {count} we have not confirmed lately.").format(talk=talk, count=unconfirmed))
    if attention:
        return _join(head, _("{talk}.").format(talk=talk))
    return _join(head, _("{count} we have not confirmed lately.").format(count=unconfirmed)) if unconfirmed else head


def today_voice(prompts: int, look: int) -> str:
    """The first sentence of the day."""
    waiting = ngettext("{count} answer is waiting for you", "{count} answers are waiting for you", prompts).format(count=count_word(prompts))
    looking = ngettext("{count} relationship wants a look", "{count} relationships want a look", look).format(count=count_word(look))
    if prompts and look:
        return capital(_("{waiting}, and {looking}.").format(waiting=waiting, looking=looking))
    if prompts or look:
        return capital(_("{sentence}.").format(sentence=waiting if prompts else looking))
    return _("Nothing is waiting for you.")

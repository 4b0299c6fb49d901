"""What a question costs whoever answers it, in minutes: one table of estimates, said on the page and in the mail and added up where asking is planned."""

from django.utils.translation import gettext, ngettext

MINUTES: dict[str, float] = {"CHECK": 0.5, "RATING": 0.2, "TERMS": 3, "REQUALIFY": 0.5, "SETTLE": 0.2}
EXTRAS: dict[str, float] = {"CHECK": 0.3}  # the two optional questions along with it
SECONDS_STEP = 10


def minutes(kind: str) -> float:
    """An estimate for one question of this kind, with what may be answered along with it."""
    return MINUTES[kind] + EXTRAS.get(kind, 0)


def takes(kind: str) -> str:
    """About 30 seconds; about 3 minutes. No more exact than an estimate is."""
    estimate = MINUTES[kind]
    if estimate < 1:
        seconds = max(SECONDS_STEP, round(estimate * 60 / SECONDS_STEP) * SECONDS_STEP)
        return gettext("about {count} seconds").format(count=seconds)
    whole = round(estimate)
    return ngettext("about {count} minute", "about {count} minutes", whole).format(count=whole)

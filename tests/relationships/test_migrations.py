"""Data steps that carry what people said."""

from datetime import date
from importlib import import_module

from django.apps import apps

from relationships.models import IntentVersion, Side
from tests.makers import NOW


def test_what_sides_meant_before_it_was_dated_is_kept_as_of_the_day_that_is_known(cast):
    own, theirs = cast.ana_speaks.side_id, cast.bo_speaks.side_id
    Side.objects.filter(pk=own).update(intent="LONG_TERM", intent_on=date(2025, 2, 3))
    Side.objects.filter(pk=theirs).update(intent="BRIEF", intent_on=None)
    type(cast.borealis).objects.filter(pk=cast.borealis.pk).update(created_at=NOW)
    step = import_module("relationships.migrations.0008_intents_said_before")
    for _ in range(2):  # twice is once
        step.keep(apps, None)
    rows = IntentVersion.objects.order_by("side_id").values_list("side_id", "seq", "intent", "said_on", "author_id")
    assert list(rows) == [(own, 1, "LONG_TERM", date(2025, 2, 3), None), (theirs, 1, "BRIEF", NOW.date(), None)]
    assert Side.objects.get(pk=theirs).intent_on == NOW.date()

"""What somebody set by hand to be asked about early, on the cards themselves."""

import datetime

from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce


def fill(apps, schema_editor):
    Card, Relationship = apps.get_model("exchanges", "Card"), apps.get_model("relationships", "Relationship")
    Participant = apps.get_model("relationships", "Participant")
    own_rhythm = Participant.objects.filter(cadence_days__isnull=False).values("side__relationship")
    by_hand = Q(relationship__in=Relationship.objects.filter(stake=3).values("pk")) | Q(relationship__in=own_rhythm)
    Card.objects.filter(by_hand).update(is_hand_set=True)


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0014_reflections"), ("relationships", "0008_intents_said_before")]

    operations = [
        migrations.AddField(model_name="card", name="is_hand_set", field=models.BooleanField(default=False)),
        migrations.AddIndex(
            model_name="card",
            index=models.Index(
                F("workspace"),
                Coalesce(F("wait_until"), Value(datetime.date(1, 1, 1))),
                name="card_by_hand",
                condition=Q(is_hand_set=True),
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

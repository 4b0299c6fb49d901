from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("relationships", "0004_erasures")]

    operations = [
        migrations.AddIndex(
            model_name="participant",
            index=models.Index(fields=["workspace"], name="participant_own_rhythm", condition=Q(cadence_days__isnull=False)),
        ),
    ]

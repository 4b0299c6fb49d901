from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0008_put_right")]

    operations = [
        migrations.RemoveIndex(model_name="card", name="card_by_asking"),
        migrations.AddIndex(
            model_name="card",
            index=models.Index(
                F("workspace"), F("view"), Greatest(F("due_on"), Coalesce(F("wait_until"), F("due_on"))), F("relationship"), name="card_by_asking"
            ),
        ),
    ]

"""What sides meant before it was kept by whom: as of the day that was noted, else of the day on which the relationship was entered."""

from django.db import migrations

CHUNK = 1_000


def keep(apps, schema_editor):
    Side, IntentVersion = apps.get_model("relationships", "Side"), apps.get_model("relationships", "IntentVersion")
    undated = Side.objects.exclude(intent="").filter(intent_on__isnull=True).select_related("relationship")
    for side in undated.iterator(chunk_size=CHUNK):
        Side.objects.filter(pk=side.pk).update(intent_on=side.relationship.created_at.date())
    rows = Side.objects.exclude(intent="").exclude(intents__isnull=False).values_list("workspace_id", "pk", "intent", "intent_on")
    found = [IntentVersion(workspace_id=workspace, side_id=pk, seq=1, intent=intent, said_on=on) for workspace, pk, intent, on in rows]
    IntentVersion.objects.bulk_create(found, batch_size=CHUNK)


class Migration(migrations.Migration):
    dependencies = [("relationships", "0007_intent_versions")]

    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0004_import_changes'),
        ('relationships', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='liveevidence',
            index=models.Index(fields=['relationship', 'source_kind', 'source_id'], name='live_by_source'),
        ),
    ]


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0003_import_progress'),
    ]

    operations = [
        migrations.AddField(
            model_name='importbatch',
            name='changes',
            field=models.JSONField(default=dict),
        ),
    ]

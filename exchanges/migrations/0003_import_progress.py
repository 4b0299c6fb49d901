
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchanges', '0002_card_rhythm'),
        ('relationships', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='importbatch',
            name='import_state_known',
        ),
        migrations.AddField(
            model_name='importbatch',
            name='parts',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='parts_done',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='rows_kept',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='rows_undone',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='started_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='importkey',
            name='batch_id',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='importbatch',
            name='state',
            field=models.CharField(choices=[('UPLOADED', 'uploaded'), ('MAPPED', 'columns chosen'), ('QUEUED', 'waiting to run'), ('RUNNING', 'running'), ('DONE', 'done'), ('FAILED', 'failed'), ('STOPPED', 'stopped'), ('UNDOING', 'being undone'), ('UNDONE', 'undone')], default='UPLOADED', max_length=8),
        ),
        migrations.AddConstraint(
            model_name='importbatch',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['UPLOADED', 'MAPPED', 'QUEUED', 'RUNNING', 'DONE', 'FAILED', 'STOPPED', 'UNDOING', 'UNDONE'])), name='import_state_known'),
        ),
    ]

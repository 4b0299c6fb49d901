"""A link that stops the digest of one member."""

from django.db import migrations, models
from django.db.models import Q

PURPOSES = {
    "SETUP": "set up this installation",
    "INVITE": "join a workspace",
    "PROMPT": "answer one prompt",
    "UNSUBSCRIBE": "stop the mails to one person",
    "DIGEST": "stop the digest of one member",
    "SIGN_IN": "open the portal",
    "API": "use the API",
}


class Migration(migrations.Migration):
    dependencies = [("common", "0002_portal_sessions")]

    operations = [
        migrations.RemoveConstraint(model_name="token", name="token_purpose_known"),
        migrations.AlterField(model_name="token", name="purpose", field=models.CharField(choices=list(PURPOSES.items()), max_length=12)),
        migrations.AddConstraint(
            model_name="token", constraint=models.CheckConstraint(condition=Q(purpose__in=list(PURPOSES)), name="token_purpose_known")
        ),
    ]

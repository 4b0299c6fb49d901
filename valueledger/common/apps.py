from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CommonConfig(AppConfig):
    name = "valueledger.common"
    label = "common"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from valueledger.common import append_only, checks  # noqa: F401  (registers the system checks)

        # SQLite drops a table's triggers silently when a migration rebuilds it, so they are put back after every migrate.
        post_migrate.connect(append_only.install_after_migrate, dispatch_uid="append_only")

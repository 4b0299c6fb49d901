from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    name = "exchanges"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchanges.selectors import lag
        from valueledger.common import health

        health.LAGS |= {"oldest_unposted_round_seconds": lag.oldest_unposted_round, "oldest_due_prompt_seconds": lag.oldest_due_prompt}

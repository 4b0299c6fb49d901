from django.apps import AppConfig


class ValueLedgerConfig(AppConfig):
    name = "valueledger"
    label = "valueledger"
    verbose_name = "Value Ledger"

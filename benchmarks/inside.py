"""`python -m benchmarks.inside MODULE FUNCTION ARGUMENT`: measures in this process, on the database of DATABASE_URL, and prints lines as JSON.

Without a module it only makes the tables.
"""

import importlib
import json
import os
import sys


def main(module: str = "", call: str = "", argument: str = "") -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if "django_migrations" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    if not module:
        return
    lines = getattr(importlib.import_module(f"benchmarks.{module}"), call)(argument)
    print(json.dumps([line.as_dict() for line in lines]))


if __name__ == "__main__":
    main(*sys.argv[1:4])

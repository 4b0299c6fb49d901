"""`python -m benchmarks.inside MODULE FUNCTION ARGUMENT`: measures in this process, on the database of DATABASE_URL, and prints lines as JSON."""

import importlib
import json
import os
import sys


def main(module: str, call: str, argument: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    lines = getattr(importlib.import_module(f"benchmarks.{module}"), call)(argument)
    print(json.dumps([line.as_dict() for line in lines]))


if __name__ == "__main__":
    main(*sys.argv[1:4])

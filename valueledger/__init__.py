"""Value Ledger: wires the two apps together. Importing it loads the Celery app, so that tasks find it."""

from valueledger.celery import app as celery_app

__all__ = ["celery_app"]

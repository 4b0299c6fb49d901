"""Is it alive, and does the work get done? A worker proves the second by writing a row."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from valueledger.common.models import Heartbeat, Outbox
from valueledger.common.tenancy import everywhere

MISSED_BEATS = 3
Lag = Callable[[datetime], float]
LAGS: dict[str, Lag] = {}  # what else waits, in seconds by name: said by the apps, which know their work
_migrated: set[int] = set()  # the leaf count for which every migration was seen applied: it cannot become unapplied


def beat_of(name: str, *, now: datetime) -> None:
    """This loop is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})


def age_of(name: str, *, now: datetime) -> float | None:
    at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if at is None else (now - at).total_seconds()


def oldest_due(*, now: datetime) -> float:
    """Seconds for which the oldest message that is due has waited; 0.0 when none is."""
    with everywhere():
        due_at = Outbox.objects.due_at(now).aggregate(at=Min("due_at"))["at"]
    return 0.0 if due_at is None else (now - due_at).total_seconds()


def has_all_migrations() -> bool:
    if _migrated:
        return True
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    _migrated.add(1)
    return True


def state_at(now: datetime) -> dict[str, object]:
    """What /readyz answers: every part with its figure, and whether all of it is well."""
    try:
        migrated = has_all_migrations()
        age = age_of("worker", now=now) if migrated else None
        waiting = {"oldest_due_seconds": oldest_due(now=now), **{name: lag(now) for name, lag in LAGS.items()}} if migrated else {}
    except DatabaseError:
        return {"ready": False, "database": "away"}
    allowed = timedelta(seconds=MISSED_BEATS * settings.HEARTBEAT_SECONDS).total_seconds()
    alive = age is not None and age <= allowed
    return {
        "ready": migrated and alive,
        "database": "ok",
        "migrations": "ok" if migrated else "missing",
        "worker": "ok" if alive else "silent",
        "worker_seconds_ago": None if age is None else round(age, 1),
        **{name: round(waiting[name], 1) if name in waiting else None for name in ("oldest_due_seconds", *LAGS)},
    }


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. It asks nobody else, so that a database which is away does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    state = state_at(timezone.now())
    return JsonResponse(state, status=200 if state["ready"] else 503, headers={"Cache-Control": "no-store"})

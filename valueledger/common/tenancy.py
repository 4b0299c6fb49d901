"""Which workspace this code works for. Every scoped model refuses to answer until one is named.

The scope is the row id of a workspace. It is opened at the doors (middleware, portal, API, commands, tasks) and nowhere else.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import models
from django_scopes import ScopedManager, scope, scopes_disabled
from django_scopes.manager import DisabledQuerySet

# The library leaves these open, and each of them tells something of every workspace.
for _name in ("exists", "contains", "exclude", "explain", "in_bulk", "bulk_update", "alias", "distinct"):
    setattr(DisabledQuerySet, _name, DisabledQuerySet.error)


def scoped(queryset: type[models.QuerySet] | None = None) -> Any:
    """A default manager that raises ScopeError outside `within(...)` and shows one workspace's rows inside it."""
    manager = models.Manager.from_queryset(queryset) if queryset else models.Manager
    return ScopedManager(workspace="workspace_id", _manager_class=manager)


@contextmanager
def within(workspace_id: int) -> Iterator[None]:
    """Work for one workspace. `None` would mean "no filter" to the library, so it is refused here."""
    if not isinstance(workspace_id, int) or isinstance(workspace_id, bool):
        raise TypeError(f"A workspace's row id is needed to open a scope, not {workspace_id!r}.")
    with scope(workspace=workspace_id):
        yield


def everywhere() -> AbstractContextManager[None]:
    """Work across workspaces: only for sweeps that find due rows, token lookups and operator commands."""
    return scopes_disabled()

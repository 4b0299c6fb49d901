"""Workspaces and their stewards as an operator names them on the command line."""

from uuid import UUID

from relationships.models import Member, Workspace
from valueledger.common.errors import Conflict, NotFound


class SeveralWorkspaces(Conflict):
    code = "several_workspaces"
    sentence = "Several workspaces have this name. Give the public id of the one you mean."


def workspace_named(name: str) -> Workspace | None:
    """By public id or by name. Raises SeveralWorkspaces."""
    try:
        return Workspace.objects.filter(public_id=UUID(name)).first()
    except ValueError:
        found = list(Workspace.objects.filter(name=name).order_by("id")[:2]) or list(Workspace.objects.filter(name__iexact=name).order_by("id")[:2])
    if len(found) > 1:
        raise SeveralWorkspaces
    return found[0] if found else None


def sole_steward(workspace: Workspace, *, email: str = "") -> Member | None:
    """The steward with this address; without one the only steward there is, or None where there are several."""
    stewards = Member.objects.active().filter(workspace=workspace, is_steward=True).select_related("user", "workspace")
    if email:
        member = stewards.filter(user__email__iexact=email).first()
        if member is None:
            raise NotFound(f"No steward of this workspace has the address {email}.")
        return member
    found = list(stewards.order_by("id")[:2])
    return found[0] if len(found) == 1 else None

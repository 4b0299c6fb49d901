"""Who works where: the memberships of somebody who signs in."""

from relationships.models import Member, User
from valueledger.common.tenancy import everywhere


def chosen_of(memberships: list[Member], workspace: str | None) -> Member | None:
    """The membership of the chosen workspace (its public id, from the session), else the first. None: there is none."""
    chosen = [member for member in memberships if str(member.workspace.public_id) == workspace]
    return next(iter(chosen or memberships), None)


def memberships_of(user: User) -> list[Member]:
    """Where the user may work now, the longest-standing first. One query, across workspaces, since none is chosen yet."""
    with everywhere():
        return list(Member.objects.active().filter(user=user).select_related("workspace", "user").order_by("joined_at", "id"))

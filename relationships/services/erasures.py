"""The erasure list: who must not come back. It knows ids and fingerprints, no names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from relationships.models import Erasure, Person, Workspace
from valueledger.common.errors import Invalid
from valueledger.common.tenancy import everywhere


def name_digest(name: str) -> bytes:
    return hashlib.sha256(" ".join(name.casefold().split()).encode()).digest()


def pseudonym_of(public_id: UUID) -> str:
    return f"Erased {public_id.hex[:6]}"


def keep_erasure(*, person: Person, email_hash: bytes | None, name: str, now: datetime) -> None:
    Erasure.objects.get_or_create(
        workspace_id=person.workspace_id,
        person_public_id=person.public_id,
        defaults={"email_hash": email_hash, "name_hash": name_digest(name) if name else None, "erased_at": now},
    )


def names_erased(workspace: Workspace) -> frozenset[bytes]:
    rows = Erasure.objects.filter(workspace=workspace).values_list("name_hash", flat=True)
    return frozenset(bytes(row) for row in rows if row)


def come_back(row: Erasure) -> list[Person]:
    """Whom this entry means and who is there again: by id, or by address where the row is older than the erasure."""
    rule = Q(public_id=row.person_public_id)
    if row.email_hash:
        rule |= Q(text__email_hash=bytes(row.email_hash), created_at__lte=row.erased_at)
    people = Person.objects.filter(rule, workspace_id=row.workspace_id).select_related("text")
    return [person for person in people if person.text.email or person.text.name != pseudonym_of(person.public_id)]


def written() -> Iterator[str]:
    """The list as lines, to be kept apart from the backups."""
    with everywhere():
        for row in Erasure.objects.select_related("workspace").order_by("pk"):
            yield json.dumps({
                "workspace": str(row.workspace.public_id), "person": str(row.person_public_id), "erased_at": row.erased_at.isoformat(),
                "email_hash": bytes(row.email_hash).hex() if row.email_hash else None, "name_hash": bytes(row.name_hash).hex() if row.name_hash else None,
            })  # fmt: skip


def take_in(lines: Iterable[str]) -> int:
    """Entries that a restored database does not have yet; returns how many. Raises Invalid naming the line."""
    added = 0
    with everywhere():
        for number, line in enumerate(lines, 1):
            try:
                said = json.loads(line)
                workspace = Workspace.objects.filter(public_id=UUID(said["workspace"])).first()
                hashes = {name: bytes.fromhex(said[name]) if said[name] else None for name in ("email_hash", "name_hash")}
                wanted, at = UUID(said["person"]), datetime.fromisoformat(said["erased_at"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise Invalid(f"Line {number} is no entry of an erasure list.", field="from") from error
            if workspace is not None:
                _, is_new = Erasure.objects.get_or_create(workspace=workspace, person_public_id=wanted, defaults={**hashes, "erased_at": at})
                added += is_new
    return added

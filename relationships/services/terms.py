"""What a side values: set only by a person who speaks for it, versioned by date, never edited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from relationships.models import Participant, Side, TermsItem, TermsText, TermsVersion, Unit, ValueKind, Workspace
from relationships.services.catalogue import ensure_offered
from valueledger.common.errors import Invalid, ValueLedgerError
from valueledger.common.validators import clean_amount, clean_line

POINTS_TO_SHARE = 10


class NotYourTerms(ValueLedgerError):
    code = "not_your_terms"
    status = 403
    sentence = "Only somebody who speaks for this side says what matters to it."


@dataclass(frozen=True)
class TermsLine:
    value_kind: ValueKind
    weight: int
    words: str = ""
    anchor: str = ""
    unit: str = ""
    points_per_unit: Decimal | None = None


def unit_named(*, workspace: Workspace | int, name: str) -> Unit | None:
    name = clean_line(name, "unit", longest=40)
    if not name:
        return None
    workspace_id = workspace if isinstance(workspace, int) else workspace.pk
    unit, _ = Unit.objects.get_or_create(workspace_id=workspace_id, name=name)
    return unit


def add_own_kind(*, side: Side, name: str) -> ValueKind:
    """A kind of value in this side's own words; an equal name of the catalogue is taken instead, a retired one only if the side names it now."""
    name = clean_line(name, "value_kind", longest=80, required=True)
    rule = Q(is_retired=False) | Q(pk__in=_named_now(side))
    known = ValueKind.objects.filter(rule, workspace_id=side.workspace_id, name__iexact=name, side__isnull=True).first()
    own = known or ValueKind.objects.filter(side=side, name__iexact=name).first()
    if own is not None:
        return own
    count = ValueKind.objects.filter(side=side).count()
    return ValueKind.objects.create(workspace_id=side.workspace_id, side=side, name=name, code=f"side-{side.pk}-{count + 1}")


def write_terms(*, side: Side, author: Participant, lines: Sequence[TermsLine], effective_on: date, now: datetime) -> TermsVersion:
    """Add a version of this side's terms. Later terms never revalue what was reported before them."""
    if author.side_id != side.pk or not author.speaks_on(effective_on):
        raise NotYourTerms
    ensure_lines(side, lines)
    with transaction.atomic():
        newest = TermsVersion.objects.filter(side=side).order_by("-seq").first()
        version = TermsVersion.objects.create(
            workspace_id=side.workspace_id,
            side=side,
            seq=newest.seq + 1 if newest else 1,
            effective_on=effective_on,
            author=author,
            recorded_at=now,
        )
        for line in lines:
            item = TermsItem.objects.create(
                workspace_id=side.workspace_id,
                version=version,
                value_kind=line.value_kind,
                weight=line.weight,
                unit=unit_named(workspace=side.workspace_id, name=line.unit),
                points_per_unit=line.points_per_unit,
            )
            TermsText.objects.create(
                workspace_id=side.workspace_id,
                item=item,
                words=clean_line(line.words, "words", longest=300),
                anchor=clean_line(line.anchor, "anchor", longest=300),
            )
    return version


def ensure_lines(side: Side, lines: Sequence[TermsLine]) -> None:
    if not lines:
        raise Invalid("Name at least one thing that matters.", field="lines", code="required")
    if any(not isinstance(line.weight, int) or not 0 <= line.weight <= POINTS_TO_SHARE for line in lines):
        raise Invalid("A weight is a whole number from 0 to 10.", field="weight")
    total = sum(line.weight for line in lines)
    if total != POINTS_TO_SHARE:
        raise Invalid(f"Share out ten points; these are {total}.", field="weight", code="not_ten")
    if len({line.value_kind.pk for line in lines}) != len(lines):
        raise Invalid("Each kind of value stands once.", field="value_kind", code="twice")
    for line in lines:
        foreign = line.value_kind.workspace_id != side.workspace_id or line.value_kind.side_id not in (None, side.pk)
        if foreign:
            raise Invalid("This kind of value is not in the catalogue.", field="value_kind")
        if line.value_kind.is_retired and line.value_kind.pk not in _named_now(side):
            ensure_offered(line.value_kind)
        if line.points_per_unit is not None:
            clean_amount(line.points_per_unit, "points_per_unit", lowest=Decimal("0.0001"), highest=Decimal(10_000))
            if not line.unit.strip():
                raise Invalid("A rate needs its unit.", field="unit", code="required")


def _named_now(side: Side) -> set[int]:
    """The kinds of this side's newest terms: it may go on naming them after they were retired."""
    newest = TermsVersion.objects.filter(side=side).order_by("-seq").first()
    return set(TermsItem.objects.filter(version=newest).values_list("value_kind_id", flat=True)) if newest else set()


def terms_in_force(*, side: Side, on: date) -> TermsVersion | None:
    return TermsVersion.objects.filter(side=side, effective_on__lte=on).order_by("-effective_on", "-seq").first()


def rate_in_force(*, side: Side, unit: Unit, on: date) -> TermsItem | None:
    """The item whose declared rate turns this unit into points on that day."""
    version = terms_in_force(side=side, on=on)
    if version is None:
        return None
    return TermsItem.objects.filter(version=version, unit=unit, points_per_unit__isnull=False).order_by("id").first()

"""The value kinds that every workspace starts with."""

import pytest

from relationships.models import ValueKind, ValueKindGiver
from relationships.services.catalogue import seed_catalogue
from relationships.services.setup import create_workspace
from tests.makers import NOW
from valueledger.common.tenancy import within

PROVIDER = {"revenue", "referral", "pride", "learning", "new_market", "key_contact"}
CUSTOMER = {"income", "freedom", "results", "publicity", "less_stress", "lower_risk", "happiness"}


def codes(meant_for: str) -> set[str]:
    return set(ValueKind.objects.filter(meant_for=meant_for).values_list("code", flat=True))


@pytest.mark.django_db
def test_a_new_workspace_knows_what_providers_and_customers_may_get() -> None:
    workspace = create_workspace(name="Acme", now=NOW)
    with within(workspace.pk):
        assert codes(ValueKindGiver.PROVIDER) == PROVIDER
        assert codes(ValueKindGiver.CUSTOMER) == CUSTOMER
        assert {"growth", "recognition", "time", "care"} <= codes(ValueKindGiver.ANY)


@pytest.mark.django_db
def test_seeding_again_adds_nothing_and_leaves_what_was_renamed_or_retired() -> None:
    workspace = create_workspace(name="Acme", now=NOW)
    with within(workspace.pk):
        before = ValueKind.objects.count()
        ValueKind.objects.filter(code="referral").update(name="A good word", is_retired=True)
        assert seed_catalogue(workspace=workspace) == 0
        assert ValueKind.objects.count() == before
        kept = ValueKind.objects.get(code="referral")
        assert (kept.name, kept.is_retired) == ("A good word", True)


@pytest.mark.django_db
def test_seeding_brings_back_only_what_is_missing() -> None:
    workspace = create_workspace(name="Acme", now=NOW)
    with within(workspace.pk):
        ValueKind.objects.filter(code="care").delete()
        assert seed_catalogue(workspace=workspace) == 1
        assert ValueKind.objects.filter(code="care").exists()


@pytest.mark.django_db
def test_each_workspace_has_its_own_catalogue() -> None:
    acme, zenith = create_workspace(name="Acme", now=NOW), create_workspace(name="Zenith", now=NOW)
    with within(acme.pk):
        ValueKind.objects.filter(code="pride").update(name="Craft")
    with within(zenith.pk):
        assert ValueKind.objects.get(code="pride").name == "Pride in the work"

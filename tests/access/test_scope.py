"""Every row belongs to a workspace, and no model that has one answers before a workspace was named."""

import pytest
from django.apps import apps
from django.db import models
from django.urls import get_resolver
from django_scopes import ScopeError

from relationships.models import Member, Participant, Party, Person, Relationship, Side
from tests.api_client import Api
from valueledger.common.tenancy import everywhere, within

OURS = ("common", "relationships", "exchanges")
# What belongs to no workspace: who signs in (in several of them), the workspace itself, loops that are alive, limits per network.
GLOBAL = {"relationships.User", "relationships.Workspace", "common.Heartbeat", "common.RateBucket", "common.PortalSession"}


def our_models():
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def scoped_models():
    return [model for model in our_models() if model._meta.label not in GLOBAL]


def has_workspace(model):
    return any(field.name in ("workspace", "workspace_id") for field in model._meta.get_fields())


def test_a_model_has_a_workspace_or_stands_in_the_closed_list():
    assert {model._meta.label for model in our_models() if not has_workspace(model)} == GLOBAL
    assert len(scoped_models()) > 30


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_nothing_is_read_or_written_before_a_workspace_is_named(db, model):
    for act in (
        lambda: model.objects.count(),
        lambda: list(model.objects.all()),
        lambda: model.objects.filter(pk=1).first(),
        lambda: model.objects.get(pk=1),
        lambda: model.objects.update(),
        lambda: model.objects.filter(pk=1).delete(),
        lambda: model._default_manager.exists(),
        lambda: model.objects.exclude(pk=1).exists(),
        lambda: model.objects.in_bulk([1]),
        lambda: model.objects.values_list("pk").first(),
    ):
        with pytest.raises(ScopeError):
            act()


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_inside_a_workspace_a_query_names_it(db, model):
    with within(4711):
        sql, parameters = model.objects.all().query.sql_with_params()
    assert "workspace_id" in sql.partition("WHERE")[2]
    assert parameters == (4711,)


def related_names():
    for model in our_models():
        for relation in model._meta.related_objects:
            name = relation.get_accessor_name()
            if name and relation.related_model in scoped_models() and relation.multiple:
                yield model, name


@pytest.mark.parametrize(("model", "name"), list(related_names()), ids=lambda part: part if isinstance(part, str) else part._meta.label)
def test_a_related_manager_asks_for_the_workspace_too(db, model, name):
    row = model(pk=1)
    with pytest.raises(ScopeError):
        getattr(row, name).count()


def test_a_workspace_shows_its_own_rows_and_no_others(cast):
    for model in (Member, Party, Person, Relationship, Side, Participant):
        with within(cast.workspace.pk):
            ours = set(model.objects.values_list("pk", flat=True))
        with within(cast.elsewhere.pk):
            theirs = set(model.objects.values_list("pk", flat=True))
        assert ours.isdisjoint(theirs)
        with everywhere():
            assert model.objects.count() == len(ours) + len(theirs)


@pytest.mark.parametrize("wrong", [None, 0.5, "1", True])
def test_no_workspace_is_not_every_workspace(wrong):
    """To the library `None` would mean "do not filter"."""
    with pytest.raises(TypeError), within(wrong):
        raise AssertionError("the scope was opened")


def test_a_request_leaves_no_scope_behind(cast):
    api = Api(cast.ana)
    assert api.get("/parties/").status_code == 200
    assert api.get("/parties/x/").status_code == 404
    with everywhere(), within(cast.elsewhere.pk):
        assert Party.objects.count() == 0


def test_the_admin_site_is_not_there():
    """Nobody reads ratings or tokens over a back door, and nobody signs in as somebody else."""
    assert not apps.is_installed("django.contrib.admin")
    named = " ".join(str(pattern.pattern) for pattern in get_resolver().url_patterns)
    assert "admin" not in named
    assert "hijack" not in named


def test_a_model_with_a_plain_manager_would_be_noticed():
    """Negative control: this is what the tests above would meet."""
    plain = models.Manager()
    plain.model = Party
    assert "workspace_id" not in str(plain.none().query.where)
    assert not isinstance(plain, type(Party.objects)) or not hasattr(plain, "_scopes")

"""The door of the API: tokens only, scopes, one workspace, problem details for whatever goes wrong, acts carried out once."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from relationships.models import Party
from tests.api_client import API, Api, fields_of, problem_of
from tests.cast import Cast
from valueledger.common import idempotency, tokens
from valueledger.common.models import IdempotencyKey
from valueledger.common.models.operations import IdempotencyState
from valueledger.common.tenancy import everywhere, within


@pytest.fixture
def ana(cast: Cast) -> Api:
    return Api(cast.ana)


def test_without_a_token_nothing_is_answered(cast):
    for headers in (
        {},
        {"Authorization": "Bearer nothing"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "x" * 5000},
    ):
        response = Client().get(f"{API}/workspace/", headers=headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        problem_of(response)


def test_a_session_does_not_open_the_api(cast):
    client = Client()
    client.force_login(cast.ana.user)
    assert client.get(f"{API}/workspace/").status_code == 401


@pytest.mark.parametrize("purpose", ["SETUP", "INVITE", "PROMPT", "UNSUBSCRIBE", "SIGN_IN"])
def test_a_token_of_another_purpose_is_like_none(cast, purpose):
    raw, _ = tokens.issue(purpose=purpose, now=timezone.now(), workspace_id=cast.workspace.pk, subject_id=cast.ana.pk, scopes="read write")
    assert Client().get(f"{API}/workspace/", headers={"Authorization": f"Bearer {raw}"}).status_code == 401


def test_an_expired_or_revoked_token_and_one_of_a_former_member_are_like_none(cast, ana):
    assert ana.get("/workspace/").status_code == 200
    former = Api(cast.amir)
    cast.amir.left_at = timezone.now()
    cast.amir.save(update_fields=["left_at"])
    expired, _ = tokens.issue(
        purpose="API",
        now=timezone.now(),
        workspace_id=cast.workspace.pk,
        subject_id=cast.ana.pk,
        scopes="read",
        expires_at=timezone.now() - timedelta(seconds=1),
    )
    tokens.revoke(purpose="API", subject_id=cast.ana.pk, now=timezone.now())
    answers = [ana.get("/workspace/"), former.get("/workspace/"), Client().get(f"{API}/workspace/", headers={"Authorization": f"Bearer {expired}"})]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert len({answer.content for answer in answers}) == 1


def test_a_token_that_only_reads_cannot_write(cast):
    reader = Api(cast.ana, "read")
    assert reader.get("/parties/").status_code == 200
    response = reader.post("/parties/", {"name": "Corvid"})
    assert response.status_code == 403
    assert problem_of(response)["code"] == "scope_missing"
    assert not Party.objects.filter(text__name="Corvid").exists()


def test_every_answer_is_private_and_not_kept(ana):
    for response in (ana.get("/workspace/"), ana.get(f"/parties/{uuid.uuid4()}/"), ana.post("/parties/", {"name": "Corvid"})):
        assert "no-store" in response.headers["Cache-Control"]


def test_wrong_methods_types_and_addresses_are_problems(cast, ana):
    assert problem_of(ana.client.put(f"{API}/workspace/", headers=ana.headers))["status"] == 405
    assert problem_of(ana.client.delete(f"{API}/parties/", headers=ana.headers))["status"] == 405
    assert problem_of(ana.client.options(f"{API}/parties/", headers=ana.headers))["status"] in (403, 405)
    assert problem_of(ana.post("/parties/", raw=b"name=Corvid", content_type="application/x-www-form-urlencoded"))["status"] == 415
    assert problem_of(ana.get("/nothing/"))["status"] == 404
    assert problem_of(ana.get("/parties/not-an-id/"))["status"] == 404
    assert problem_of(ana.get(f"/parties/{uuid.uuid4()}/"))["status"] == 404
    assert problem_of(ana.client.get(f"{API}/parties/", headers={**ana.headers, "Accept": "application/xml"}))["status"] == 406


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"text"',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"name": 1e400}',
    ],
)
def test_what_is_not_a_json_object_is_refused(ana, raw):
    response = ana.post("/parties/", raw=raw)
    assert response.status_code == 400, response.content[:200]
    problem_of(response)


def test_ten_megabytes_are_refused_at_the_door(ana):
    response = ana.post("/parties/", {"name": "x" * 10_000_000})
    assert response.status_code == 413
    assert problem_of(response)["code"] == "too_large"


@pytest.mark.parametrize("name", ["", "   ", None, 3, True, ["a"], {"a": 1}, "x" * 201, "a\u0000b", "\ud800", "\u0000"])
def test_a_name_that_cannot_be_kept_is_named(ana, name):
    response = ana.post("/parties/", {"name": name})
    assert response.status_code == 400
    assert fields_of(response) == ["name"]


def test_unknown_fields_and_parameters_are_refused(ana):
    response = ana.post("/parties/", {"name": "Corvid", "workspace": 1, "import_key": "x"})
    assert response.status_code == 400
    assert sorted(fields_of(response)) == ["import_key", "workspace"]
    for query in (
        {"sort": "name"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "1e9"},
        {"limit": "٣"},
        {"cursor": "!"},
        {"cursor": "QUJD"},
        {"cursor": "x" * 1000},
    ):
        response = ana.get("/parties/", **query)
        assert response.status_code == 400, query
        assert fields_of(response) == list(query)


def test_a_nul_in_the_address_is_refused(ana):
    assert ana.get("/parties/", cursor="a\0b").status_code == 400


def test_a_post_needs_a_key(ana):
    for key in ("", " ", "x" * 101, "käse"):
        response = ana.post("/parties/", {"name": "Corvid"}, key=key)
        assert response.status_code == 400
        assert problem_of(response)["code"] == "idempotency_key_required"
    assert not Party.objects.filter(text__name="Corvid").exists()


def test_the_same_key_and_body_get_the_first_answer(ana):
    first = ana.post("/parties/", {"name": "Corvid"}, key="once")
    again = ana.post("/parties/", {"name": "Corvid"}, key="once")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Party.objects.filter(text__name="Corvid").count() == 1


def test_the_same_key_with_something_else_is_refused(ana):
    ana.post("/parties/", {"name": "Corvid"}, key="once")
    for response in (
        ana.post("/parties/", {"name": "Another"}, key="once"),
        ana.post("/parties/", {"name": None}, key="once"),
        ana.post("/people/", {"name": "Corvid"}, key="once"),
    ):
        assert response.status_code == 422
        assert problem_of(response)["code"] == "key_reused"
    assert not Party.objects.filter(text__name="Another").exists()


def test_a_key_belongs_to_one_token(cast, ana):
    first = ana.post("/parties/", {"name": "Corvid"}, key="shared words")
    other = Api(cast.amir).post("/parties/", {"name": "Dove"}, key="shared words")
    again = Api(cast.ana).post("/parties/", {"name": "Corvid"}, key="shared words")
    elsewhere = Api(cast.zed).post("/parties/", {"name": "Eider"}, key="shared words")
    assert len({first.json()["id"], other.json()["id"], again.json()["id"], elsewhere.json()["id"]}) == 4


def test_a_refused_act_leaves_the_key_free(ana):
    assert ana.post("/parties/", {"name": ""}, key="mine").status_code == 400
    assert ana.post("/parties/", {"name": "Corvid"}, key="mine").status_code == 201


def test_while_the_first_is_running_the_second_waits_its_turn(cast, ana):
    body = b'{"name":"Corvid"}'
    held = {
        "workspace_id": cast.workspace.pk, "actor": f"token:{ana.token.pk}", "key": "slow",
        "print_of": idempotency.fingerprint("POST", f"{API}/parties/", body),
    }  # fmt: skip
    idempotency.claim(**held, now=timezone.now())
    response = ana.post("/parties/", raw=body, key="slow")
    assert response.status_code == 409
    assert problem_of(response)["code"] == "running"
    assert int(response.headers["Retry-After"]) > 0
    IdempotencyKey.objects.update(started_at=timezone.now() - timedelta(minutes=3))  # the first one died
    assert ana.post("/parties/", raw=body, key="slow").status_code == 201
    assert IdempotencyKey.objects.get().state == IdempotencyState.DONE


def test_who_was_overtaken_cannot_finish(cast):
    now = timezone.now()
    named = {"workspace_id": cast.workspace.pk, "actor": "token:1", "key": "k", "print_of": b"p" * 32}
    slow = idempotency.claim(**named, now=now - timedelta(minutes=5))
    idempotency.claim(**named, now=now)
    with pytest.raises(idempotency.StillRunning):
        idempotency.complete(slow, status=201, body=b"{}")


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_with_one_key_make_one(cast):
    ana = Api(cast.ana)
    answers: list[int] = []

    def call() -> None:
        try:
            answers.append(ana.post("/parties/", {"name": "Corvid"}, key="race").status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with within(cast.workspace.pk):
        assert Party.objects.filter(text__name="Corvid").count() == 1
    assert set(answers) <= {201, 409}
    assert 201 in answers


def test_the_database_is_the_guard_of_a_key(cast):
    """Negative control: with the look taken away, the unique key still refuses."""
    now = timezone.now()
    named = {"workspace_id": cast.workspace.pk, "actor": "token:1", "key": "k", "print_of": b"p" * 32}
    idempotency.claim(**named, now=now)
    with pytest.raises(idempotency.StillRunning):
        idempotency.begin(**named, now=now)
    with everywhere():
        assert IdempotencyKey.objects.count() == 1


def test_while_the_database_is_away_the_answer_is_503(cast, ana, monkeypatch):
    def away(*_: object, **__: object) -> None:
        from django.db import OperationalError

        raise OperationalError("gone")

    monkeypatch.setattr("relationships.api.views.access.parties_for", away)
    response = ana.get("/parties/")
    assert problem_of(response)["status"] == 503
    assert response.headers["Retry-After"]


def test_only_the_hash_of_a_token_is_kept(cast, ana):
    raw = ana.headers["Authorization"].split()[1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT token_hash, label, scopes FROM common_token WHERE id = %s", [ana.token.pk])
        kept = cursor.fetchone()
    assert len(raw) >= 43
    assert len(bytes(kept[0])) == 32
    assert raw not in str(kept)

"""A request that arrives twice is carried out once; the second gets the first one's answer."""

from datetime import timedelta

import pytest
from django.db import transaction

from tests.makers import NOW
from valueledger.common import idempotency
from valueledger.common.errors import Invalid
from valueledger.common.idempotency import KeyReused, StillRunning, begin, clean_key, fingerprint, form_body, once, purge
from valueledger.common.models import IdempotencyKey
from valueledger.common.models.operations import IdempotencyState

BODY = fingerprint("POST", "/log/", b"a")


def run(cast, acts, *, actor="member:1", key="k", print_of=BODY, result="done", workspace=None):
    def act():
        acts.append(1)
        return result

    return once(workspace_id=(workspace or cast.workspace).pk, actor=actor, key=key, print_of=print_of, now=NOW, act=act)


def test_the_second_gets_the_first_answer_and_nothing_happens(cast):
    acts = []
    assert run(cast, acts) == "done"
    assert run(cast, acts, result="other") == "done"
    assert len(acts) == 1


def test_another_key_or_another_actor_is_another_request(cast):
    acts = []
    run(cast, acts)
    run(cast, acts, key="k2")
    run(cast, acts, actor="member:2")
    assert len(acts) == 3


def test_the_same_key_with_another_body_is_refused(cast):
    acts = []
    run(cast, acts)
    with pytest.raises(KeyReused) as refused:
        run(cast, acts, print_of=fingerprint("POST", "/log/", b"b"))
    assert refused.value.status == 422
    assert len(acts) == 1


def test_what_failed_left_nothing_behind(cast):
    def fails():
        raise Invalid("No.")

    with pytest.raises(Invalid):
        once(workspace_id=cast.workspace.pk, actor="a", key="k", print_of=BODY, now=NOW, act=fails)
    assert not IdempotencyKey.objects.exists()
    acts = []
    run(cast, acts, actor="a")
    assert len(acts) == 1


def test_one_that_is_still_running_is_not_carried_out_beside_it(cast):
    with transaction.atomic():
        assert begin(workspace_id=cast.workspace.pk, actor="a", key="k", print_of=BODY, now=NOW) is None
    with pytest.raises(StillRunning) as refused, transaction.atomic():
        begin(workspace_id=cast.workspace.pk, actor="a", key="k", print_of=BODY, now=NOW)
    assert refused.value.status == 409


def test_one_whose_process_died_is_taken_up_again(cast):
    later = NOW + idempotency.RUNS_AT_MOST
    with transaction.atomic():
        begin(workspace_id=cast.workspace.pk, actor="a", key="k", print_of=BODY, now=NOW)
        assert begin(workspace_id=cast.workspace.pk, actor="a", key="k", print_of=BODY, now=later) is None


def test_what_expired_is_forgotten_and_nothing_else(cast):
    run(cast, [])
    assert purge(now=NOW + timedelta(hours=24)) == 0
    assert purge(now=NOW + timedelta(hours=26)) == 1


def test_the_answer_is_kept_for_a_day(cast):
    run(cast, [])
    row = IdempotencyKey.objects.get()
    assert row.state == IdempotencyState.DONE
    assert row.expires_at - NOW >= timedelta(hours=24)


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "a\0b", "schlüssel"])
def test_a_key_is_short_plain_text(key):
    with pytest.raises(Invalid):
        clean_key(key)


def test_no_two_requests_run_together_to_one_fingerprint():
    assert fingerprint("POST", "/ab", b"c") != fingerprint("POST", "/a", b"bc")
    assert form_body([("a", ["1", "2"])]) != form_body([("a", ["12"])])


def test_the_forms_own_token_and_key_are_not_part_of_what_was_typed():
    typed = [("a", ["1"])]
    assert form_body([*typed, ("csrfmiddlewaretoken", ["x"]), ("key", ["y"])]) == form_body(typed)

"""A secret opens the one door that it was made for; at every other it is as good as a made-up one."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import NoReverseMatch, reverse

from exchanges.models import Prompt
from exchanges.services.rounds import open_round
from relationships.models import SideRole
from tests.access.walking import addresses, told
from tests.makers import NOW
from valueledger.common import tokens
from valueledger.common.models.tokens import TokenPurpose

OPENS = {  # every address that takes a secret, and the purpose that opens it
    "setup": TokenPurpose.SETUP,
    "portal:prompt": TokenPurpose.PROMPT,
    "portal:put_right": TokenPurpose.PROMPT,
    "portal:stop": TokenPurpose.UNSUBSCRIBE,
    "portal:stop_digest": TokenPurpose.DIGEST,
    "portal:sign_in": TokenPurpose.SIGN_IN,
    "api_workspace": TokenPurpose.API,
}
OF_EMPLOYEES = {"portal:share"}  # opened by an employee's prompt alone


@pytest.fixture
def secrets(cast):
    """One secret of each purpose, made for somebody who is there."""
    open_round(relationship=cast.borealis, now=NOW, reason="asked")
    prompt = Prompt.objects.get(side=SideRole.COUNTERPART)
    subjects = {
        TokenPurpose.PROMPT: prompt.pk, TokenPurpose.UNSUBSCRIBE: cast.bo.pk, TokenPurpose.SETUP: cast.amir.user_id, TokenPurpose.API: cast.ana.pk,
        TokenPurpose.INVITE: cast.amir.pk, TokenPurpose.DIGEST: cast.ana.pk, TokenPurpose.SIGN_IN: cast.bo.pk,
    }  # fmt: skip
    assert set(subjects) == set(TokenPurpose)
    made = {}
    for purpose, subject in subjects.items():
        workspace = None if purpose == TokenPurpose.SETUP else cast.workspace.pk
        made[purpose], _ = tokens.issue(
            purpose=purpose, now=NOW, workspace_id=workspace, subject_id=subject, scopes="read write", expires_at=NOW + timedelta(days=14)
        )
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        yield made


def knock(name: str, secret: str):
    if name.startswith("api_"):
        response = Client().get(reverse(name), headers={"Authorization": f"Bearer {secret}"})
    else:
        response = Client().get(reverse(name, kwargs={"token": secret}))
    response.walked = response.content
    return response.status_code, told(response, {"token": secret})


def takes_a_secret(name: str) -> bool:
    try:
        return bool(reverse(name, kwargs={"token": "x"}))
    except NoReverseMatch:
        return False


def test_every_address_that_takes_a_secret_is_looked_at():
    taking = {name for name, _ in addresses() if name.startswith(("portal:", "setup")) and takes_a_secret(name)}
    assert taking == {name for name in OPENS if not name.startswith("api_")} | OF_EMPLOYEES


@pytest.mark.parametrize("name", OPENS)
def test_a_secret_opens_its_own_door_only(secrets, name):
    made_up = knock(name, "x" * 43)
    assert made_up[0] in (401, 404)
    for purpose, secret in secrets.items():
        if purpose == OPENS[name]:
            assert knock(name, secret)[0] == 200
        else:
            assert knock(name, secret) == made_up, (name, purpose)


@pytest.mark.parametrize("name", sorted(OF_EMPLOYEES))
def test_what_is_an_employees_no_secret_of_others_opens(secrets, name):
    for purpose, secret in secrets.items():
        assert knock(name, secret) == knock(name, "x" * 43), purpose

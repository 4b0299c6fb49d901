"""Prompts: the questions that are out. Whether somebody else has answered theirs is not told here: it shows in what they said."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from exchanges.access import prompts_for
from exchanges.models import Prompt, PromptKind, PromptState
from relationships.api.doors import Endpoint
from relationships.models import SideRole
from valueledger.common.api_pages import PAGE_PARAMETERS, page_body, page_of, paged, parameters_of

OPEN, OVER = "OPEN", "OVER"


class PromptSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    relationship = serializers.UUIDField()
    participant = serializers.UUIDField()
    side = serializers.ChoiceField(choices=SideRole.names)
    kind = serializers.ChoiceField(choices=PromptKind.values)
    state = serializers.ChoiceField(
        choices=[OPEN, OVER, *PromptState.values], help_text="Of one's own: as it is. Of others: OPEN until it closes, then OVER."
    )
    round = serializers.UUIDField(allow_null=True)
    event = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()


PROMPT_COLUMNS = (
    "public_id", "relationship__public_id", "participant__public_id", "participant__person_id", "side", "kind", "state", "round__public_id",
    "event__public_id", "created_at", "closes_at",
)  # fmt: skip


def prompt_row(row: tuple[Any, ...], *, person_id: int | None, now: datetime) -> dict[str, Any]:
    public_id, relationship, participant, asked, side, kind, state, round, event, created_at, closes_at = row[:11]
    is_mine = person_id is not None and asked == person_id and side == SideRole.OWN
    return {
        "id": public_id, "relationship": relationship, "participant": participant, "side": SideRole(side).name, "kind": kind,
        "state": state if is_mine else OVER if closes_at <= now else OPEN, "round": round, "event": event, "created_at": created_at, "closes_at": closes_at,
    }  # fmt: skip


class PromptsView(Endpoint):
    """Questions about the relationships that this token's member stewards, newest first. Those to an employee are the employee's alone."""

    @extend_schema(operation_id="prompts", parameters=PAGE_PARAMETERS, responses=paged(PromptSerializer))
    def get(self, request: Request) -> HttpResponse:
        parameters = parameters_of(request, "limit", "cursor")
        found, following = page_of(prompts_for(self.member), request=request, parameters=parameters, columns=PROMPT_COLUMNS, anchor=Prompt)
        return self.answer(page_body((prompt_row(row, person_id=self.member.person_id, now=self.now) for row in found), following))

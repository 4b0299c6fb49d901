"""Saying what our side means a relationship to be. The other side says its own, on its own page or behind its link."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from exchanges.access import relationship_to_write
from exchanges.forms.intents import IntentForm
from exchanges.services.intents import say_intent
from exchanges.services.speakers import speak_for_us
from exchanges.views.desk import desk_of, go
from exchanges.views.terms import show_terms
from relationships.models import Side, SideRole
from valueledger.common.errors import NotFound


@require_http_methods(["POST"])
def intent(request: HttpRequest, public_id: UUID) -> HttpResponse:
    desk = desk_of(request)
    reading = relationship_to_write(desk.member, public_id)
    if not reading.relationship.is_going_on:
        raise NotFound
    form = IntentForm(request.POST)
    if not form.is_valid():
        return show_terms(request, desk, reading, intent_form=form, status=422)
    author = speak_for_us(reading=reading, now=desk.now).participant
    assert author is not None
    side = Side.objects.get(relationship=reading.relationship, role=SideRole.OWN)
    say_intent(side=side, author=author, intent=form.cleaned_data["intent"], now=desk.now)
    messages.success(request, _("Said. Both sides see it with its day."))
    return go(request, reverse("desk:relationship", args=[public_id]))

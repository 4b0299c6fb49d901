"""What the other side means it to be, said on its own page."""

from django.http import HttpRequest, HttpResponse

from exchanges.forms.intents import IntentForm
from exchanges.services.intents import say_intent
from exchanges.views.portal_door import POST
from exchanges.views.portal_home import Home, at_home, done, show_home
from valueledger.common.errors import NotFound


@at_home(POST)
def intent(request: HttpRequest, home: Home) -> HttpResponse:
    if not home.place.relationship.is_going_on:
        raise NotFound
    form = IntentForm(request.POST)
    if not form.is_valid():
        return show_home(request, home, intent_form=form, status=422)
    say_intent(side=home.place.participant.side, author=home.place.participant, intent=form.cleaned_data["intent"], now=home.now)
    return done(home, "intent", "intent")

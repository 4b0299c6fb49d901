"""What one asks oneself about somebody one works with, and three words for how it is."""

from django.utils.translation import gettext as _


def reflection_question(code: str, name: str) -> str:
    questions = {
        "THANKS": _("What did {name} give you lately that you have not thanked them for?"),
        "GIVES": _("What would {name} say they get from you?"),
        "EASE": _("What one small thing would make it easier for {name}?"),
        "HEARD": _("What have you not yet said to {name}?"),
        "CARRIES": _("What does {name} carry just now that nobody sees?"),
    }
    return questions.get(code, "").format(name=name)


def feeling_choices() -> list[tuple[str, str]]:
    return [("GOOD", _("Good")), ("MIXED", _("Mixed")), ("HARD", _("Hard"))]


def feeling_word(code: str) -> str:
    return dict(feeling_choices()).get(code, "").lower()


def how_often_choices() -> list[tuple[str, str]]:
    return [("NEVER", _("Never")), ("MONTHLY", _("Once a month")), ("QUARTERLY", _("Once a quarter"))]


def somebody() -> str:
    """Who is asked about and cannot be named to this reader any more."""
    return _("somebody you worked with")

"""Is it still worth it for us: the question, its answers, who sees them, and what one may do next."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    is_ending: bool = False


def worth_question(name: str, kind: str) -> str:
    if kind == "personal":
        return _("{name}: is this still good for you?").format(name=name)
    return _("{name}: is this still worth it for us?").format(name=name)


def worth_answers() -> list[tuple[str, str]]:
    return [("YES", _("Yes")), ("NOT_SURE", _("Not sure")), ("NO", _("No"))]


def worth_privacy(kind: str, name: str) -> str:
    """Who reads it, said before it is written."""
    if kind == "client":
        return _(
            "{name} never sees this, nor do leaders. Colleagues: only whoever looks after {name} reads your answer; the sentence is yours alone. It moves no balance."
        ).format(name=name)
    return _("You alone see this. {name} never does, nor does anybody else here. It moves no balance.").format(name=name)


def worth_steps(name: str, kind: str) -> list[Step]:
    """After "no" or "not sure". Nothing of it happens by itself."""
    ending = (
        _("Let it rest, with thanks. Nobody has to be at fault.")
        if kind == "personal"
        else _("Finish what was promised, say thank you, and set the stage to “completed, both content”. Ending well is a success.")
    )
    return [
        Step(_("Talk"), _("Tell {name} how it is on this side, and ask how it is on theirs. Often the other side does not know.").format(name=name)),
        Step(_("Ask for less"), _("Give less, take less, or meet less often. Say what you would gladly go on with.")),
        Step(_("End well"), ending, is_ending=True),
    ]

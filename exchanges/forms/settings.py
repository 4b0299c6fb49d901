"""Settings of a workspace: its name and time, who works here, tokens for machines."""

from zoneinfo import available_timezones

from django import forms

from exchanges.forms.fields import EmailField, LineField, PickField
from relationships.models import Role


class WorkspaceForm(forms.Form):
    name = LineField(label="Name of the workspace", longest=120, missing="A workspace has a name.")
    short_name = LineField(label="Short name", longest=40, required=False, help_text="How we speak of ourselves in a sentence: Oakhollow.")
    sender_name = LineField(label="Mails come from", longest=80, required=False, help_text="The name people see. Left empty, it is the workspace's.")
    time_zone = LineField(
        label="Time zone", longest=40, missing="Choose a time zone from the list.", help_text="Such as Europe/London. Days begin and end in it."
    )

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError("Choose a time zone from the list, such as Europe/London.", code="unknown_time_zone")
        return str(zone)


class TokenForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    label = LineField(label="What is it for?", longest=100, missing="Say what it is for.")
    scope = PickField(label="It may", choices=[("read", "read"), ("read write", "read and write")], missing="Say what it may do.")
    ends = PickField(label="It ends after", choices=[("90", "90 days"), ("365", "a year")], missing="Say when it ends.")


ROLES = [(Role.STEWARD, "Steward"), (Role.LEADER, "Leader"), (Role.OWNER, "Owner")]


class RolesField(forms.MultipleChoiceField):
    def __init__(self) -> None:
        messages = {"required": "Choose at least one role.", "invalid_choice": "This role is not known."}
        super().__init__(label="Roles", choices=ROLES, widget=forms.CheckboxSelectMultiple, error_messages=messages)


class InviteForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    email = EmailField(label="E-mail", missing="Whom?")
    roles = RolesField()


class RolesForm(forms.Form):
    roles = RolesField()


class JoinForm(forms.Form):
    name = LineField(label="Your name", longest=120, missing="Say who you are.")
    password = forms.CharField(label="Password", max_length=256, strip=False, widget=forms.PasswordInput)

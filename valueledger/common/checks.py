"""System checks that refuse unsafe production settings. Each has an id that stays."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOOPBACK = {"127.0.0.1", "localhost", "::1", "testserver"}
SHORTEST_SECRET = 50


def is_public() -> bool:
    """Somebody else can reach us: then nothing may be left as it is for trying out."""
    return settings.PUBLIC_HOST not in LOOPBACK


@register(Tags.security)
def debug_is_off_where_others_can_see(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if settings.DEBUG and is_public():
        return [Error("DEBUG is on while PUBLIC_URL names a public host.", hint="Unset DEBUG.", id="valueledger.E001")]
    return []


@register(Tags.security)
def the_secret_is_long(app_configs: Any, **_: Any) -> list[CheckMessage]:
    weak = len(settings.SECRET_KEY) < SHORTEST_SECRET or len(set(settings.SECRET_KEY)) < 10 or settings.SECRET_KEY.startswith("django-insecure")
    if weak and is_public():
        hint = "Leave SECRET_KEY unset to have one made in VAR_DIR, or set 50 random characters or more."
        return [Error("SECRET_KEY can be guessed.", hint=hint, id="valueledger.E002")]
    return []


@register(Tags.security)
def hosts_are_named(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and is_public():
        return [Error("ALLOWED_HOSTS takes any host, so links in answers can be forged.", hint="Name the hosts.", id="valueledger.E003")]
    return []


@register(Tags.security, deploy=True)
def links_are_encrypted(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if is_public() and not settings.SECURE:
        hint = "Put a proxy with TLS in front and set PUBLIC_URL=https://..."
        return [Warning("PUBLIC_URL is not https: answers, links and passwords travel in the clear.", hint=hint, id="valueledger.W004")]
    return []


@register(Tags.security, deploy=True)
def mail_leaves_the_machine(app_configs: Any, **_: Any) -> list[CheckMessage]:
    if is_public() and not settings.SMTP:
        return [Warning("SMTP_URL is not set: mails are only written to files.", hint="Set SMTP_URL.", id="valueledger.W005")]
    return []

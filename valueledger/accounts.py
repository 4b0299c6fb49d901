"""How signing in behaves here: by invitation only, on a safe path back, with links under our own address."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

log = logging.getLogger("valueledger.accounts")


@cache
def postman() -> ThreadPoolExecutor:
    """One thread of this process hands account mails over, so that an answer takes as long for an unknown address as for a known one.

    Not the outbox: these mails hold a code or a link that must not be stored, live for minutes, and are asked for again when one is lost.
    """
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="postman")


def hand_over(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception:  # an account mail that fails must not end the postman; the person asks again
        log.exception("an account mail could not be handed over")


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only a path of ours: no other host, not even an allowed one."""
        return bool(url) and str(url).startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """From PUBLIC_URL, never from the request: a forged Host header must not get into a mail."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.PUBLIC_URL + path.replace("UID-KEY", key)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> Future[None]:
        message = self.render_mail(template_prefix, email, {"email": email, "public_url": settings.PUBLIC_URL, **context})
        return postman().submit(hand_over, message)


class SecondFactorAdapter(DefaultMFAAdapter):
    def build_totp_svg(self, url: str) -> SafeString:
        """Drawn into the page: the policy allows no picture from a data address. Black on white in every theme, or no camera reads it."""
        code = qrcode.QRCode(border=4)
        code.add_data(url)
        rows = code.get_matrix()
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
        return format_html(
            '<svg width="240" height="240" viewBox="0 0 {0} {0}" role="img" aria-label="{1}" shape-rendering="crispEdges">'
            '<rect width="{0}" height="{0}" fill="#fff"/><path d="{2}" fill="#000"/></svg>',
            len(rows),
            "QR code for your authenticator app",
            path,
        )

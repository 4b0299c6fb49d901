"""Who mails come from, as the settings show it."""

from django.urls import reverse

from tests.exchanges.views.browsing import browser_of


def test_the_page_shows_who_mails_come_from_in_one_clean_line(cast):
    workspace = type(cast.workspace).objects.filter(pk=cast.workspace.pk)
    browser = browser_of(cast.oda)
    for stored, shown in (
        ("", "Oda at Acme &lt;ledger@localhost.localdomain&gt;"),
        ("The Acme team", "The Acme team &lt;ledger@localhost.localdomain&gt;"),
        ("Evil\r\nBcc: x@y.example", "Evil Bcc: x@y.example &lt;ledger@localhost.localdomain&gt;"),
    ):
        workspace.update(sender_name=stored)
        assert f"<code>{shown}</code>" in browser.get(reverse("desk:settings")).content.decode()

"""What the link at the foot of a digest opens: whether this member gets one. GET shows, POST changes; mail systems post here by themselves."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from exchanges import wording
from exchanges.services.digests import member_to_stop, set_digest
from exchanges.views.portal_visit import by_link, page
from relationships.models import Digest
from valueledger.common.errors import NotFound
from valueledger.common.tenancy import within


@by_link
def stop_digest(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    member = member_to_stop(token, now=now)
    if member is None:
        raise NotFound
    with within(member.workspace_id):
        if request.method == "POST":
            set_digest(member=member, digest=Digest.WEEKLY if request.POST.get("act") == "resume" else Digest.NEVER, now=now)
        context = {
            "is_stopped": member.digest == Digest.NEVER,
            "masked_address": wording.masked_address(member.user.email),
            "workspace_name": member.workspace.name,
        }
        return page(request, "portal/stop_digest.html", context)

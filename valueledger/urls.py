"""The only place where both apps meet."""

from allauth.account.urls import urlpatterns as account_urls
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from exchanges.views import setup
from valueledger.common import api, health

handler400 = "valueledger.common.errors.bad_request"
handler403 = "valueledger.common.errors.forbidden"
handler404 = "valueledger.common.errors.not_found"
handler500 = "valueledger.common.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("setup/<str:token>/", setup.first_run, name="setup"),
    path("account/", include(account_urls)),
    path("account/two-factor/", include("allauth.mfa.urls")),
    path("api/v1/schema/", login_not_required(SpectacularAPIView.as_view(permission_classes=[api.Anybody])), name="schema"),
    path("api/v1/", include("relationships.api.urls")),
    path("api/v1/", include("exchanges.api.urls")),
    path("", include("relationships.urls")),
    path("", include("exchanges.urls")),
]

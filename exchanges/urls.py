"""Pages of the desk, the portal, the portfolio and the imports."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []

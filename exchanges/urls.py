"""Pages of the desk, the portal, the portfolio and the imports. Each audience has its namespace; a line here is a door."""

from django.urls import URLPattern, URLResolver, include, path

desk: list[URLPattern | URLResolver] = []
portfolio: list[URLPattern | URLResolver] = []
portal: list[URLPattern | URLResolver] = []

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((desk, "desk"))),
    path("portfolio/", include((portfolio, "portfolio"))),
    path("", include((portal, "portal"))),
]

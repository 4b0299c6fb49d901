"""Pages about who: nothing of their own yet; relationship pages show data of both apps and live in `exchanges`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []

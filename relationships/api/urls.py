"""REST endpoints of this app, under /api/v1/."""

from django.urls import path

from relationships.api import views

urlpatterns = [
    path("workspace/", views.WorkspaceView.as_view(), name="api_workspace"),
    path("members/", views.MembersView.as_view(), name="api_members"),
    path("members/<uuid:public_id>/", views.MemberView.as_view(), name="api_member"),
    path("parties/", views.PartiesView.as_view(), name="api_parties"),
    path("parties/<uuid:public_id>/", views.PartyView.as_view(), name="api_party"),
    path("people/", views.PeopleView.as_view(), name="api_people"),
    path("people/<uuid:public_id>/", views.PersonView.as_view(), name="api_person"),
    path("value-kinds/", views.ValueKindsView.as_view(), name="api_value_kinds"),
    path("value-kinds/<uuid:public_id>/", views.ValueKindView.as_view(), name="api_value_kind"),
]

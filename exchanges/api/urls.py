"""REST endpoints of this app, under /api/v1/."""

from django.urls import path

from exchanges.api import balances, events, prompts, relationships, reports, rounds, terms

ONE = "relationships/<uuid:public_id>/"

urlpatterns = [
    path("relationships/", relationships.RelationshipsView.as_view(), name="api_relationships"),
    path(ONE, relationships.RelationshipView.as_view(), name="api_relationship"),
    path(f"{ONE}participants/", relationships.ParticipantsView.as_view(), name="api_participants"),
    path(f"{ONE}terms/", terms.TermsView.as_view(), name="api_terms"),
    path(f"{ONE}balance/", balances.BalanceView.as_view(), name="api_balance"),
    path(f"{ONE}snapshots/", balances.SnapshotsView.as_view(), name="api_snapshots"),
    path(f"{ONE}events/", events.EventsView.as_view(), name="api_events"),
    path(f"{ONE}rounds/", rounds.RoundsView.as_view(), name="api_rounds"),
    path("events/<uuid:public_id>/", events.EventView.as_view(), name="api_event"),
    path("events/<uuid:public_id>/versions/", events.VersionsView.as_view(), name="api_versions"),
    path("events/<uuid:public_id>/withdrawal/", events.WithdrawalView.as_view(), name="api_withdrawal"),
    path("events/<uuid:public_id>/reports/", reports.ReportsView.as_view(), name="api_reports"),
    path("reports/<uuid:public_id>/", reports.ReportView.as_view(), name="api_report"),
    path("reports/<uuid:public_id>/withdrawal/", reports.ReportWithdrawalView.as_view(), name="api_report_withdrawal"),
    path("rounds/<uuid:public_id>/", rounds.RoundView.as_view(), name="api_round"),
    path("rounds/<uuid:public_id>/answers/", rounds.AnswersView.as_view(), name="api_answers"),
    path("prompts/", prompts.PromptsView.as_view(), name="api_prompts"),
]

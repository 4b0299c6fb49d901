"""Pages of the desk, the portal, the portfolio and the imports. Each audience has its namespace; a line here is a door."""

from django.urls import URLPattern, URLResolver, include, path

from exchanges.views import catalogue as catalogue_pages
from exchanges.views import desk as desk_views
from exchanges.views import (
    events,
    joining,
    ledger,
    log,
    mail_settings,
    missed,
    portal_digest,
    portal_door,
    portal_home,
    portal_home_forms,
    portal_put_right,
    portal_share,
    portal_together,
    relationships,
    settings,
    terms,
    today,
    together,
)
from exchanges.views import imports as import_pages
from exchanges.views import outbox as outbox_pages
from exchanges.views import portal as portal_pages
from exchanges.views import portfolio as portfolio_views
from exchanges.views import prompts as prompt_pages
from exchanges.views import put_right as put_right_pages
from exchanges.views import questions as question_pages
from exchanges.views import rhythm as rhythm_pages
from exchanges.views import rounds as round_pages

desk: list[URLPattern | URLResolver] = [
    path("", today.today, name="today"),
    path("workspace/", desk_views.switch_workspace, name="switch_workspace"),
    path("log/", log.log, name="log"),
    path("log/quick/", today.quick_log, name="quick_log"),
    path("log/preview/", log.log_preview, name="log_preview"),
    path("relationships/", relationships.relationships, name="relationships"),
    path("relationships/new/", relationships.new_relationship, name="new_relationship"),
    path("relationships/<uuid:public_id>/", ledger.relationship, name="relationship"),
    path("relationships/<uuid:public_id>/why/", ledger.why, name="why"),
    path("relationships/<uuid:public_id>/checks/", round_pages.checks, name="checks"),
    path("relationships/<uuid:public_id>/missed/", missed.missed, name="missed"),
    path("relationships/<uuid:public_id>/together/", together.together, name="together"),
    path("relationships/<uuid:public_id>/ask/", relationships.ask, name="ask"),
    path("relationships/<uuid:public_id>/terms/", terms.terms, name="terms"),
    path("relationships/<uuid:public_id>/terms/ask/", terms.ask_terms, name="ask_terms"),
    path("relationships/<uuid:public_id>/settings/", relationships.settings, name="relationship_settings"),
    path("events/<uuid:public_id>/", events.event, name="event"),
    path("events/<uuid:public_id>/correct/", events.correct, name="correct_event"),
    path("events/<uuid:public_id>/withdraw/", events.withdraw, name="withdraw_event"),
    path("events/<uuid:public_id>/arrived/", events.arrived, name="event_arrived"),
    path("events/<uuid:public_id>/report/gave/", events.report, {"role": "gave"}, name="report_gave"),
    path("events/<uuid:public_id>/report/got/", events.report, {"role": "got"}, name="report_got"),
    path("events/<uuid:public_id>/relay/gave/", events.relay, {"role": "gave"}, name="relay_gave"),
    path("events/<uuid:public_id>/relay/got/", events.relay, {"role": "got"}, name="relay_got"),
    path("events/<uuid:public_id>/reports/<uuid:report_id>/withdraw/", events.withdraw_ours, name="withdraw_report"),
    path("prompts/<uuid:public_id>/", prompt_pages.answer_prompt, name="answer_prompt"),
    path("put-right/<uuid:public_id>/", put_right_pages.put_right, name="put_right"),
    path("import/", import_pages.import_file, name="import"),
    path("import/<uuid:public_id>/", import_pages.import_progress, name="import_progress"),
    path("import/<uuid:public_id>/columns/", import_pages.import_map, name="import_map"),
    path("import/<uuid:public_id>/rows/", import_pages.import_preview, name="import_preview"),
    path("import/<uuid:public_id>/run/", import_pages.import_run, name="import_run"),
    path("import/<uuid:public_id>/stop/", import_pages.import_stop, name="import_stop"),
    path("import/<uuid:public_id>/undo/", import_pages.import_undo, name="import_undo"),
    path("import/<uuid:public_id>/result/", import_pages.import_result, name="import_result"),
    path("import/<uuid:public_id>/set-aside/", import_pages.import_refused, name="import_refused"),
    path("export/", import_pages.export, name="export"),
    path("questions/", question_pages.questions, name="questions"),
    path("questions/<uuid:public_id>/", question_pages.question, name="question"),
    path("questions/<uuid:public_id>/again/", question_pages.again, name="question_again"),
    path("outbox/", outbox_pages.outbox, name="outbox"),
    path("outbox/<uuid:public_id>/", outbox_pages.outbox_message, name="outbox_message"),
    path("outbox/<uuid:public_id>/html/", outbox_pages.outbox_html, name="outbox_html"),
    path("settings/", settings.settings, name="settings"),
    path("settings/members/", settings.members, name="settings_members"),
    path("settings/members/invitation/revoke/", settings.revoke_invite, name="revoke_invite"),
    path("settings/members/<uuid:public_id>/", settings.member, name="member"),
    path("join/<str:token>/", joining.join, name="join"),
    path("settings/rhythm/", rhythm_pages.rhythm, name="settings_rhythm"),
    path("settings/rhythm/holidays/", rhythm_pages.holidays, name="holidays"),
    path("settings/rhythm/preview/", rhythm_pages.asked_soon, name="asked_soon"),
    path("settings/value-kinds/", catalogue_pages.value_kinds, name="settings_value_kinds"),
    path("settings/value-kinds/<uuid:public_id>/", catalogue_pages.value_kind, name="value_kind"),
    path("settings/mail/", mail_settings.mail, name="settings_mail"),
    path("settings/tokens/", settings.tokens, name="settings_tokens"),
    path("settings/tokens/<str:tag>/revoke/", settings.revoke, name="revoke_token"),
]
portfolio: list[URLPattern | URLResolver] = [path("", portfolio_views.portfolio, name="portfolio")]
portal: list[URLPattern | URLResolver] = [
    path("p/<str:token>/", portal_pages.prompt, name="prompt"),
    path("p/<str:token>/share/", portal_share.share, name="share"),
    path("p/<str:token>/put-right/", portal_put_right.put_right, name="put_right"),
    path("p/<str:token>/stop/", portal_pages.stop, name="stop"),  # the secret comes first, where the log masks it
    path("p/<str:token>/digest/", portal_digest.stop_digest, name="stop_digest"),
    path("me/", portal_home.home, name="home"),
    path("me/enter/", portal_door.enter, name="enter"),
    path("me/enter/<str:token>/", portal_door.sign_in, name="sign_in"),
    path("me/out/", portal_door.sign_out, name="sign_out"),
    path("me/sessions/", portal_door.sessions, name="sessions"),
    path("me/with/<uuid:public_id>/", portal_home.place, name="place"),
    path("me/with/<uuid:public_id>/got/", portal_home.got, name="got"),
    path("me/with/<uuid:public_id>/gave/", portal_home.gave, name="gave"),
    path("me/with/<uuid:public_id>/answers/", portal_home.answers, name="answers"),
    path("me/with/<uuid:public_id>/answers/<uuid:answer_id>/share/", portal_share.share_an_answer, name="share_answer"),
    path("me/with/<uuid:public_id>/questions/<uuid:prompt_id>/", portal_home_forms.question, name="question"),
    path("me/with/<uuid:public_id>/rate/<uuid:event_id>/", portal_home_forms.rate, name="rate"),
    path("me/with/<uuid:public_id>/rate/<uuid:event_id>/share/", portal_share.share_a_rating, name="share_rating"),
    path("me/with/<uuid:public_id>/put-right/", portal_put_right.put_right_here, name="put_right_here"),
    path("me/with/<uuid:public_id>/add/", portal_home_forms.add, name="add"),
    path("me/with/<uuid:public_id>/terms/", portal_home_forms.terms, name="terms"),
    path("me/with/<uuid:public_id>/together/", portal_together.together, name="together"),
    path("me/with/<uuid:public_id>/promise/", portal_together.promise_something, name="promise"),
    path("me/with/<uuid:public_id>/asking/", portal_home.preferences, name="preferences"),
    path("me/with/<uuid:public_id>/data/", portal_home.data, name="data"),
    path("me/with/<uuid:public_id>/leave/", portal_home.leave, name="leave"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((desk, "desk"))),
    path("portfolio/", include((portfolio, "portfolio"))),
    path("", include((portal, "portal"))),
]

"""Who gets what at which address: one line per address and thing, reviewed like code. `docs/access.md` says the same in words.

A line names what the address is asked for (`relationship` is Ana's client, `employee` the manager's employee, `friend` Ana's personal one;
the words are made in `world.py`), and for each method every role with its status. A URL, role or method that is not here fails the walk.

404 is the answer for whatever is not there for somebody, whether or not it exists; the walk compares it with the answer to an invented id.
"""

from tests.access.walking import METHODS, statuses_of
from tests.access.world import ROLES

Row = dict[str, dict[str, int]]

OUTSIDE = "AN,ML,EM,HM,HE,HX,TKR,TKW,TK2,TKM,TKL,TKO,TKX,TKF"  # no session: what a token or a link opens, it opens elsewhere
NO_TOKEN = "AN,ML,EM,HM,HE,HX,AM,AM2,MG,LD,OA,OAx,FM,TKF"  # no live token: a session does not open the API
GROUPS = {
    "everybody": ",".join(ROLES),
    "signed_in": "AM,AM2,MG,LD,OA,OAx,FM",
    "members": "AM,AM2,MG,LD,OA,OAx",
    "outside": OUTSIDE,
    "no_token": NO_TOKEN,
    "tokens": "TKR,TKW,TK2,TKM,TKL,TKO,TKX",
    "guests": "HM,HE,HX",
    "strangers": "AN,ML,EM,AM,AM2,MG,LD,OA,OAx,FM,TKR,TKW,TK2,TKM,TKL,TKO,TKX,TKF",  # to the portal
    "writers": "TKW,TK2,TKM,TKL,TKO,TKX",
}


def expand(line: str) -> dict[str, int]:
    parts = []
    for part in line.split():
        status, _, roles = part.partition("=")
        parts.append(f"{status}={','.join(GROUPS.get(role, role) for role in roles.split(','))}")
    return statuses_of(" ".join(parts))


def row(prefix: str, refused: str, given: dict[str, str]) -> Row:
    """Methods that are not named are refused; HEAD is answered as GET unless it is named."""
    found = {method: expand(f"{prefix} {given.get(method, refused)}") for method in METHODS}
    if "HEAD" not in given:
        found["HEAD"] = found["GET"]
    return found


def page(**given: str) -> Row:
    """A page for members: everybody else is sent to sign in, and a former member is told that there is no workspace."""
    return row("302=outside 403=FM", "405=members", given)


def api(**given: str) -> Row:
    """An address of the API: 401 without a live token; a token that only reads may not even ask to write."""
    return row("401=no_token", "403=TKR 405=writers", given)


def me(**given: str) -> Row:
    """The own page of who speaks for the other side: everybody else, members too, is sent to ask for a link."""
    return row("302=strangers", "405=guests", given)


def open_to(**given: str) -> Row:
    """An address that needs no session; each says for itself."""
    return row("", "405=everybody", given)


# fmt: off
TABLE: dict[str, Row] = {
    # The machine
    "healthz": open_to(GET="200=everybody"),
    "readyz": open_to(GET="503=everybody"),
    "schema": open_to(GET="200=everybody", OPTIONS="200=everybody"),
    # First run and signing in
    "setup setup": open_to(GET="200=everybody", POST="422=everybody"),
    "account_login": open_to(GET="200=outside 302=signed_in", POST="200=outside 302=signed_in", PUT="200=outside 302=signed_in", PATCH="302=signed_in 405=outside", DELETE="302=signed_in 405=outside", OPTIONS="200=outside 302=signed_in"),
    "account_logout": open_to(GET="200=signed_in 302=outside", POST="302=everybody", OPTIONS="200=everybody"),
    "account_inactive": open_to(GET="200=everybody", OPTIONS="200=everybody"),
    "account_signup": open_to(GET="200=outside 302=signed_in", POST="200=outside 302=signed_in", PUT="200=outside 302=signed_in", PATCH="200=outside 302=signed_in", DELETE="200=outside 302=signed_in", OPTIONS="200=outside 302=signed_in"),
    "account_reauthenticate": open_to(GET="200=signed_in 302=outside", POST="200=signed_in 302=outside", PUT="200=signed_in 302=outside", PATCH="302=outside 405=signed_in", DELETE="302=outside 405=signed_in", OPTIONS="200=signed_in 302=outside"),
    "account_email": open_to(GET="200=signed_in 302=outside", POST="302=everybody", PUT="302=everybody", PATCH="302=outside 405=signed_in", DELETE="302=outside 405=signed_in", OPTIONS="200=signed_in 302=outside"),
    "account_email_verification_sent": open_to(GET="200=everybody", OPTIONS="200=everybody"),
    "account_change_password": open_to(GET="200=signed_in 302=outside", POST="200=signed_in 302=outside", PUT="200=signed_in 302=outside", PATCH="302=outside 405=signed_in", DELETE="302=outside 405=signed_in", OPTIONS="200=signed_in 302=outside"),
    "account_set_password": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "account_reset_password": open_to(GET="200=everybody", POST="200=everybody", PUT="200=everybody", OPTIONS="200=everybody"),
    "account_confirm_login_code": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "account_confirm_email mail_key": open_to(GET="200=everybody", POST="404=everybody", OPTIONS="200=everybody"),
    "account_reset_password_from_key_done": open_to(GET="200=everybody", OPTIONS="200=everybody"),
    "account_reset_password_from_key reset_key": open_to(GET="200=everybody", POST="200=everybody", PUT="200=everybody", PATCH="200=everybody", DELETE="200=everybody", OPTIONS="200=everybody"),
    "account_reset_password_done": open_to(GET="200=everybody", OPTIONS="200=everybody"),
    "account_request_login_code": open_to(GET="200=outside 302=signed_in", POST="200=outside 302=signed_in", PUT="200=outside 302=signed_in", PATCH="302=signed_in 405=outside", DELETE="302=signed_in 405=outside", OPTIONS="200=outside 302=signed_in"),
    "mfa_index": open_to(GET="200=signed_in 302=outside", POST="302=outside 405=signed_in", PUT="302=outside 405=signed_in", PATCH="302=outside 405=signed_in", DELETE="302=outside 405=signed_in", OPTIONS="200=signed_in 302=outside"),
    "mfa_authenticate": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "mfa_reauthenticate": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "mfa_activate_totp": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "mfa_deactivate_totp": open_to(GET="302=outside 404=signed_in", POST="302=outside 404=signed_in", PUT="302=outside 404=signed_in", PATCH="302=outside 404=signed_in", DELETE="302=outside 404=signed_in", OPTIONS="302=outside 404=signed_in"),
    "mfa_view_recovery_codes": open_to(GET="302=outside 404=signed_in", POST="302=outside 405=signed_in", PUT="302=outside 405=signed_in", PATCH="302=outside 405=signed_in", DELETE="302=outside 405=signed_in", OPTIONS="200=signed_in 302=outside"),
    "mfa_generate_recovery_codes": open_to(GET="302=everybody", POST="302=everybody", PUT="302=everybody", PATCH="302=everybody", DELETE="302=everybody", OPTIONS="302=everybody"),
    "mfa_download_recovery_codes": open_to(GET="302=outside 404=signed_in", POST="302=outside 404=signed_in", PUT="302=outside 404=signed_in", PATCH="302=outside 404=signed_in", DELETE="302=outside 404=signed_in", OPTIONS="302=outside 404=signed_in"),
    # The desk
    "desk:today": page(GET="200=AM,AM2,MG,OAx 302=LD,OA"),
    "desk:switch_workspace": page(GET="405=members", POST="404=members"),
    "desk:log": page(GET="200=AM,AM2,MG,OAx 404=LD,OA", POST="404=LD,OA 422=AM,AM2,MG,OAx"),
    "desk:quick_log": page(GET="405=members", POST="404=LD,OA 422=AM,AM2,MG,OAx"),
    "desk:log_preview": page(GET="302=AM,AM2,MG,OAx 404=LD,OA"),
    "desk:relationships": page(GET="200=AM,AM2,MG,LD,OAx 404=OA"),
    "desk:new_relationship": page(GET="200=AM,AM2,MG,OAx 404=LD,OA", POST="404=LD,OA 422=AM,AM2,MG,OAx"),
    "desk:relationship relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx"),
    "desk:relationship employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:relationship friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:why relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx"),
    "desk:why employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:why friend": page(GET="404=members"),
    "desk:what_if relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:what_if employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="302=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:what_if friend": page(GET="404=AM,AM2,LD,MG,OA,OAx", POST="404=AM,AM2,LD,MG,OA,OAx"),
    "desk:checks relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx"),
    "desk:checks employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:checks friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:together relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:together employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:together friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:missed relationship": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:missed employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:missed friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:ask relationship": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:ask employee": page(GET="405=members", POST="302=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:ask friend": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:terms relationship": page(GET="200=AM,LD 404=AM2,MG,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:terms employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:terms friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:ask_terms relationship": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:ask_terms employee": page(GET="405=members", POST="302=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:ask_terms friend": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:relationship_settings relationship": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=members"),
    "desk:relationship_settings employee": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=members"),
    "desk:relationship_settings friend": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=members"),
    "desk:event event": page(GET="200=AM,LD 404=AM2,MG,OA,OAx"),
    "desk:event own_private": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:event their_private": page(GET="404=members"),
    "desk:event work_event": page(GET="200=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:correct_event event": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:correct_event own_private": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:correct_event their_private": page(GET="404=members", POST="404=members"),
    "desk:correct_event work_event": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:withdraw_event event": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 409=AM"),
    "desk:withdraw_event own_private": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:withdraw_event their_private": page(GET="405=members", POST="404=members"),
    "desk:withdraw_event work_event": page(GET="405=members", POST="404=AM,AM2,LD,OA,OAx 409=MG"),
    "desk:event_arrived event": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:event_arrived own_private": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:event_arrived their_private": page(GET="405=members", POST="404=members"),
    "desk:event_arrived work_event": page(GET="405=members", POST="302=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:report_gave event": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 409=AM"),
    "desk:report_gave own_private": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:report_gave their_private": page(GET="404=members", POST="404=members"),
    "desk:report_gave work_event": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="302=MG 404=AM,AM2,LD,OA,OAx"),
    "desk:report_got event": page(GET="404=members", POST="404=members"),
    "desk:report_got own_private": page(GET="404=members", POST="404=members"),
    "desk:report_got their_private": page(GET="404=members", POST="404=members"),
    "desk:report_got work_event": page(GET="404=members", POST="404=members"),
    "desk:relay_gave event": page(GET="404=members", POST="404=members"),
    "desk:relay_gave own_private": page(GET="404=members", POST="404=members"),
    "desk:relay_gave their_private": page(GET="404=members", POST="404=members"),
    "desk:relay_gave work_event": page(GET="404=members", POST="404=members"),
    "desk:relay_got event": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:relay_got own_private": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:relay_got their_private": page(GET="404=members", POST="404=members"),
    "desk:relay_got work_event": page(GET="404=members", POST="404=members"),
    "desk:withdraw_report report_of_event": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:answer_prompt own_prompt": page(GET="302=AM 404=AM2,MG,LD,OA,OAx", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:answer_prompt worth_prompt": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:answer_prompt our_settlement": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:answer_prompt client_settlement_at_the_desk": page(GET="404=members", POST="404=members"),
    "desk:answer_prompt employee_settlement_at_the_desk": page(GET="404=members", POST="404=members"),
    "desk:question client_settlement_at_the_desk": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:question employee_settlement_at_the_desk": page(GET="404=members"),
    "desk:answer_prompt their_prompt": page(GET="404=members", POST="404=members"),
    "desk:worth relationship": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:worth employee": page(GET="405=members", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:worth friend": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:intent relationship": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:intent employee": page(GET="405=members", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:intent friend": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:reflections": page(GET="200=members", POST="422=members"),
    "desk:reflection reflection": page(GET="405=members", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:put_right put_right": page(GET="200=AM 404=AM2,MG,LD,OA,OAx", POST="404=AM2,MG,LD,OA,OAx 422=AM"),
    "desk:put_right employees_put_right": page(GET="200=MG 404=AM,AM2,LD,OA,OAx", POST="404=AM,AM2,LD,OA,OAx 422=MG"),
    "desk:import": page(GET="200=AM,AM2,MG,OAx 404=LD,OA", POST="404=LD,OA 422=AM,AM2,MG,OAx"),
    "desk:import_progress import": page(GET="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_map import": page(GET="400=AM 404=AM2,MG,LD,OA,OAx", POST="400=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_preview import": page(GET="302=AM 404=AM2,MG,LD,OA,OAx", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_run import": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_stop import": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_undo import": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_result import": page(GET="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:import_refused import": page(GET="404=members"),
    "desk:export": page(GET="405=members", POST="404=members"),
    "desk:questions": page(GET="200=AM,AM2,MG,OAx 404=LD,OA"),
    "desk:question their_prompt": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:question own_prompt": page(GET="200=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:question employees_prompt": page(GET="404=members"),
    "desk:question_again their_prompt": page(GET="405=members", POST="302=AM 404=AM2,MG,LD,OA,OAx"),
    "desk:question_again employees_prompt": page(GET="405=members", POST="404=members"),
    "desk:outbox": page(GET="200=AM,AM2,MG,OA,OAx 404=LD"),
    "desk:outbox_message message": page(GET="404=members"),
    "desk:outbox_message employees_message": page(GET="404=members"),
    "desk:outbox_html message": page(GET="404=members"),
    "desk:outbox_html employees_message": page(GET="404=members"),
    "desk:settings": page(GET="200=OA,OAx 404=AM,AM2,MG,LD", POST="404=AM,AM2,MG,LD 422=OA,OAx"),
    "desk:settings_members": page(GET="200=OA,OAx 404=AM,AM2,MG,LD", POST="404=AM,AM2,MG,LD 422=OA,OAx"),
    "desk:member member": page(GET="405=members", POST="302=OA 404=AM,AM2,MG,LD,OAx"),
    "desk:revoke_invite": page(GET="405=members", POST="404=members"),
    "desk:join invitation": open_to(GET="200=everybody", POST="422=everybody"),
    "desk:settings_rhythm": page(GET="200=OA,OAx 404=AM,AM2,MG,LD", POST="404=AM,AM2,MG,LD 422=OA,OAx"),
    "desk:holidays": page(GET="405=members", POST="404=AM,AM2,MG,LD 422=OA,OAx"),
    "desk:asked_soon": page(GET="200=members"),
    "desk:settings_value_kinds": page(GET="200=OA,OAx 404=AM,AM2,MG,LD", POST="404=AM,AM2,MG,LD 422=OA,OAx"),
    "desk:value_kind kind": page(GET="200=OA 404=AM,AM2,MG,LD,OAx", POST="404=AM,AM2,MG,LD,OAx 422=OA"),
    "desk:settings_mail": page(GET="200=members", POST="422=members"),
    "desk:settings_tokens": page(GET="200=AM,AM2,MG,OA,OAx 404=LD", POST="404=LD 422=AM,AM2,MG,OA,OAx"),
    "desk:revoke_token tag": page(GET="405=members", POST="302=AM,OA 404=AM2,MG,LD,OAx"),
    # The portfolio
    "portfolio:portfolio": page(GET="200=LD,OAx 404=AM,AM2,MG,OA"),
    # The portal: a link is the only authority
    "portal:prompt link": open_to(GET="200=ML,EM 404=signed_in,guests,tokens,AN,TKF", POST="404=signed_in,guests,tokens,AN,TKF 422=ML,EM"),
    "portal:share link": open_to(GET="200=EM 404=signed_in,guests,tokens,AN,TKF,ML", POST="404=signed_in,guests,tokens,AN,TKF,ML 409=EM"),
    "portal:put_right link": open_to(GET="200=ML,EM 404=signed_in,guests,tokens,AN,TKF", POST="404=signed_in,guests,tokens,AN,TKF 422=ML,EM"),
    "portal:stop stop_link": open_to(GET="200=ML,EM 404=signed_in,guests,tokens,AN,TKF", POST="200=ML,EM 404=signed_in,guests,tokens,AN,TKF"),
    # The portal: whoever speaks for the other side, signed in by a mailed link
    "portal:enter": open_to(GET="200=strangers 302=guests", POST="422=everybody"),
    "portal:sign_in sign_in": open_to(GET="200=AN 404=signed_in,guests,tokens,ML,EM,TKF", POST="403=AN 404=signed_in,guests,tokens,ML,EM,TKF"),
    "portal:sign_out": me(GET="405=guests", POST="302=guests"),
    "portal:sessions": me(GET="200=guests", POST="404=guests"),
    "portal:home": me(GET="302=guests"),
    "portal:place relationship": me(GET="200=HM 404=HE,HX"),
    "portal:place employee": me(GET="200=HE 404=HM,HX"),
    "portal:place friend": me(GET="404=guests"),
    "portal:got relationship": me(GET="200=HM 404=HE,HX"),
    "portal:got employee": me(GET="200=HE 404=HM,HX"),
    "portal:gave relationship": me(GET="200=HM 404=HE,HX"),
    "portal:gave employee": me(GET="200=HE 404=HM,HX"),
    "portal:answers relationship": me(GET="200=HM 404=HE,HX"),
    "portal:answers employee": me(GET="200=HE 404=HM,HX"),
    "portal:share_answer not_answered": me(GET="404=guests", POST="404=guests"),  # nobody has answered here: test_disclosing has the rest
    "portal:share_rating rate_work": me(GET="200=HE 404=HM,HX", POST="302=HE 404=HM,HX"),
    "portal:share_rating rate_event": me(GET="404=guests", POST="404=guests"),
    "portal:put_right_here relationship": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:put_right_here employee": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:question client_question": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:question employee_question": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:question client_settlement": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:question employee_settlement": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:question our_question": me(GET="404=guests", POST="404=guests"),
    "portal:rate rate_event": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:rate rate_private": me(GET="404=guests", POST="404=guests"),
    "portal:rate rate_theirs": me(GET="404=guests", POST="404=guests"),
    "portal:rate rate_work": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:add relationship": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:add employee": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:terms relationship": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:terms employee": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:together relationship": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:together employee": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:promise relationship": me(GET="200=HM 404=HE,HX", POST="404=HE,HX 422=HM"),
    "portal:promise employee": me(GET="200=HE 404=HM,HX", POST="404=HM,HX 422=HE"),
    "portal:intent relationship": me(GET="405=guests", POST="404=HE,HX 422=HM"),
    "portal:intent employee": me(GET="405=guests", POST="404=HM,HX 422=HE"),
    "portal:preferences relationship": me(GET="405=guests", POST="302=HM 404=HE,HX"),
    "portal:preferences employee": me(GET="405=guests", POST="302=HE 404=HM,HX"),
    "portal:data relationship": me(GET="405=guests", POST="200=HM 404=HE,HX"),
    "portal:data employee": me(GET="405=guests", POST="200=HE 404=HM,HX"),
    "portal:leave relationship": me(GET="200=HM 404=HE,HX", POST="302=HM 404=HE,HX"),
    "portal:leave employee": me(GET="200=HE 404=HM,HX", POST="302=HE 404=HM,HX"),
    "portal:stop_digest digest_link": open_to(GET="200=AM 404=outside,AM2,MG,LD,OA,OAx,FM", POST="200=AM 404=outside,AM2,MG,LD,OA,OAx,FM"),
    # The API: who
    "api_workspace": api(GET="200=tokens"),
    "api_members": api(GET="200=TKO,TKX 404=TKR,TKW,TK2,TKM,TKL"),
    "api_member member": api(GET="200=TKO 404=TKR,TKW,TK2,TKM,TKL,TKX"),
    "api_parties": api(GET="200=tokens", POST="400=TKW,TK2,TKM,TKX 403=TKR,TKL,TKO"),
    "api_party party": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_party friend_party": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX"),
    "api_people": api(GET="200=tokens", POST="400=TKW,TK2,TKM,TKX 403=TKR,TKL,TKO"),
    "api_person person": api(GET="200=TKR,TKW,TKO 404=TK2,TKM,TKL,TKX"),
    "api_person employee_person": api(GET="200=TKM,TKO 404=TKR,TKW,TK2,TKL,TKX"),
    "api_value_kinds": api(GET="200=tokens", POST="400=TKO,TKX 403=TKR,TKW,TK2,TKM,TKL"),
    "api_value_kind kind": api(GET="200=TKR,TKW,TK2,TKM,TKL,TKO 404=TKX"),
    # The API: what
    "api_relationships": api(GET="200=tokens", POST="400=TKW,TK2,TKM,TKX 403=TKR,TKL,TKO"),
    "api_relationship relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_relationship employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX"),
    "api_relationship friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX"),
    "api_participants relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_participants employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_participants friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_terms relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_terms employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_terms friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_balance relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_balance employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX"),
    "api_balance friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX"),
    "api_snapshots relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_snapshots employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX"),
    "api_snapshots friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX"),
    "api_events relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_events employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_events friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_rounds relationship": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX", POST="403=TKR 404=TK2,TKM,TKL,TKO,TKX 409=TKW"),
    "api_rounds employee": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX", POST="403=TKR 404=TKW,TK2,TKL,TKO,TKX 409=TKM"),
    "api_rounds friend": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX", POST="201=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_event event": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_event own_private": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX"),
    "api_event their_private": api(GET="404=tokens"),
    "api_event work_event": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX"),
    "api_versions event": api(GET="405=tokens", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_versions own_private": api(GET="405=tokens", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_versions their_private": api(GET="405=tokens", POST="403=TKR 404=writers"),
    "api_versions work_event": api(GET="405=tokens", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_withdrawal event": api(GET="405=tokens", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_withdrawal own_private": api(GET="405=tokens", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_withdrawal their_private": api(GET="405=tokens", POST="403=TKR 404=writers"),
    "api_withdrawal work_event": api(GET="405=tokens", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_reports event": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_reports own_private": api(GET="200=TKR,TKW 404=TK2,TKM,TKL,TKO,TKX", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_reports their_private": api(GET="404=tokens", POST="403=TKR 404=writers"),
    "api_reports work_event": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_report report": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_report employees_report": api(GET="404=tokens"),
    "api_report_withdrawal report": api(GET="405=tokens", POST="201=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_report_withdrawal employees_report": api(GET="405=tokens", POST="403=TKR 404=writers"),
    "api_round round": api(GET="200=TKR,TKW,TKL 404=TK2,TKM,TKO,TKX"),
    "api_round employees_round": api(GET="200=TKM 404=TKR,TKW,TK2,TKL,TKO,TKX"),
    "api_answers round": api(GET="405=tokens", POST="400=TKW 403=TKR 404=TK2,TKM,TKL,TKO,TKX"),
    "api_answers employees_round": api(GET="405=tokens", POST="400=TKM 403=TKR 404=TKW,TK2,TKL,TKO,TKX"),
    "api_prompts": api(GET="200=tokens"),
}
# fmt: on

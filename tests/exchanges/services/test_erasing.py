"""Erasing a person: afterwards no table holds who they were or what they wrote; what both sides have seen stays as numbers.

The tables are read as a dump would read them. A text that the service does not know is found by the same reading, or it would prove nothing.
"""

import io
import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from exchanges.models import (
    Answer,
    Assurance,
    Card,
    ImportBatch,
    ImportFile,
    ImportTable,
    KeptWhatIf,
    KeptWhatIfText,
    Prompt,
    PromptState,
    Reflection,
    Report,
    ReportFact,
    RoundSeat,
    Word,
)  # fmt: skip
from exchanges.services.erasing import WORDS, ImportRuns, StillWorksHere, erase_person, reapply, swept
from exchanges.services.reflections import set_how_often
from exchanges.services.reports import Account, report_got
from exchanges.services.rounds import answer_check, open_round
from relationships.models import Erasure, Kind, Participant, Party, PartyText, Person, PersonText, SideRole, TermsItem
from relationships.services.erasures import pseudonym_of, take_in
from relationships.services.members import remove_member
from relationships.services.parties import add_person, email_digest
from relationships.services.terms import TermsLine, add_own_kind, write_terms
from tests.makers import NOW, TODAY, make_event, make_member, make_relationship, speaker
from valueledger.common import idempotency
from valueledger.common.models import AuditEntry, IdempotencyKey, Outbox, OutboxBody, Token
from valueledger.common.models.tokens import TokenPurpose

LATER = NOW + timedelta(days=1)
SECRETS = (
    "Bo Berg",
    "bo@borealis.example",
    "Nobody phones me",
    "Like a good holiday",
    "I felt heard",
    "starlit walks",
    "Sauna evenings",
    "What I gave",
    "Quiet mail",
)


def dump() -> str:
    """Every row of every table, as text: what a thief of a backup could search."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                found += [bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value) for value in row]
    return "\n".join(found)


def left_of(*secrets: str) -> list[str]:
    held = dump().casefold()
    return [secret for secret in secrets if secret.casefold() in held or json.dumps(secret)[1:-1].casefold() in held]


@pytest.fixture
def said(cast):
    """Bo has said something everywhere: terms, an event, a report with facts, an answer that was revealed and one that was not."""
    side = cast.bo_speaks.side
    line = TermsLine(add_own_kind(side=side, name="Sauna evenings"), 10, words="Nobody phones me", unit="starlit walks", points_per_unit=Decimal(2))
    write_terms(side=side, author=cast.bo_speaks, lines=[line], effective_on=TODAY, now=NOW)
    make_event(cast.borealis, cast.bo_voice, giver=1, what="What I gave")
    ours = make_event(cast.borealis, cast.ana_voice, what="Met Bo Berg (BO@borealis.example) for lunch")
    account = Account(word=Word.LOT, sentence="Like a good holiday", typed_amount=Decimal(3), unit="starlit walks", hours=Decimal(2))
    report_got(event=ours, side=SideRole.COUNTERPART, voice=cast.bo_voice, account=account, now=NOW)
    first = open_round(relationship=cast.borealis, now=NOW, reason="asked")
    for seat in RoundSeat.objects.filter(round=first).select_related("round"):
        answer_check(seat=seat, value=Decimal(1), sentence="I felt heard" if seat.side else "Fine", assurance=Assurance.SIGNED_IN, now=NOW)
    second = open_round(relationship=cast.borealis, now=LATER, reason="asked")
    theirs = RoundSeat.objects.select_related("round").get(round=second, side=SideRole.COUNTERPART)
    answer_check(seat=theirs, value=Decimal(-2), sentence="I felt heard, once", assurance=Assurance.SIGNED_IN, now=LATER)
    mail = Outbox.objects.filter(recipient_id=cast.bo.pk).order_by("pk")[0]
    OutboxBody.objects.create(workspace_id=mail.workspace_id, message=mail, subject="Quiet mail", text="Dear Bo Berg", html="", purge_at=LATER)
    key = {"workspace_id": cast.workspace.pk, "actor": "token:1", "key": "k"}
    idempotency.begin(**key, print_of=b"x", now=NOW)
    idempotency.finish(**key, status=201, body=json.dumps({"name": "Bo Berg", "sentence": "Like a good holiday"}).encode())
    batch = ImportBatch.objects.create(workspace=cast.workspace, table=ImportTable.EVENTS, source="x", created_at=NOW, mapping={"who": "Bo Berg"})
    ImportFile.objects.create(workspace=cast.workspace, batch=batch, number=1, content=b"counterpart,what\nBo B")
    ImportFile.objects.create(workspace=cast.workspace, batch=batch, number=2, content=b"erg,lunch\n")
    return theirs


def test_no_table_holds_who_they_were_or_what_they_wrote(cast, said):
    assert left_of(*SECRETS) == list(SECRETS), "each of them is there to begin with"
    found = erase_person(person=cast.bo, now=LATER)
    assert left_of(*SECRETS) == []
    assert found.counts["texts in exchanges.AnswerText"] == 2
    assert PersonText.objects.get(person=cast.bo).name == pseudonym_of(cast.bo.public_id)
    assert AuditEntry.objects.filter(action="person.erased", actor_kind="operator", target_id=str(cast.bo.public_id)).count() == 1


def test_a_text_in_a_column_that_the_service_does_not_know_is_found(cast, said):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE somewhere_else (words text)")
        cursor.execute("INSERT INTO somewhere_else VALUES ('Dear Bo Berg')")
        erase_person(person=cast.bo, now=LATER)
        assert left_of(*SECRETS) == ["Bo Berg"]
        cursor.execute("DROP TABLE somewhere_else")


def test_what_both_sides_have_seen_stays_as_a_number_and_what_nobody_has_is_withdrawn(cast, said):
    revealed = Answer.objects.get(round__number=1, side=SideRole.COUNTERPART)
    report = Report.objects.get(side=SideRole.COUNTERPART)
    erase_person(person=cast.bo, now=LATER)
    assert Answer.objects.standing().filter(pk=revealed.pk, y_micro=1_000_000).exists()
    assert Report.objects.standing().filter(pk=report.pk, word=Word.LOT).exists()
    assert not ReportFact.objects.filter(hours__isnull=False).exists()
    assert Answer.objects.current().get(seat=said).is_withdrawal
    assert RoundSeat.objects.get(pk=said.pk).release.reason == "erased"
    call_command("verify_ledger", stdout=io.StringIO())


def test_they_are_asked_no_more_and_no_link_of_theirs_opens(cast, said):
    erase_person(person=cast.bo, now=LATER)
    prompts = Prompt.objects.filter(participant=cast.bo_speaks)
    assert set(prompts.values_list("state", flat=True)) <= {PromptState.ANSWERED, PromptState.WITHDRAWN}
    live = Token.objects.filter(revoked_at__isnull=True)
    assert not live.filter(purpose=TokenPurpose.PROMPT, subject_id__in=prompts.values("pk")).exists()
    assert not live.filter(purpose__in=[TokenPurpose.UNSUBSCRIBE, TokenPurpose.SIGN_IN], subject_id=cast.bo.pk).exists()
    assert not Participant.objects.speaking_on(LATER.date()).filter(person=cast.bo).exists()
    assert not Outbox.objects.filter(recipient_id=cast.bo.pk, state="DUE").exists()
    assert bytes(IdempotencyKey.objects.get(key="k").body) == b"{}"


def test_a_dry_run_counts_and_changes_nothing(cast, said):
    before = dump()
    found = erase_person(person=cast.bo, now=LATER, is_dry_run=True)
    assert dump() == before
    assert found.counts["seats released"] == 1


def test_the_party_that_is_the_person_goes_with_them(cast, employee):
    erase_person(person=employee.eva, now=NOW)
    assert left_of("Eva Holm", "eva@acme.example") == []
    names = set(Card.objects.filter(relationship=employee.relationship).values_list("counterpart_name", flat=True))
    assert names == {pseudonym_of(employee.eva.public_id)}


def test_an_organisation_keeps_its_name(cast):
    erase_person(person=cast.bo, now=NOW)
    assert PartyText.objects.filter(name="Borealis").exists()
    assert Party.objects.get(sides=cast.bo_speaks.side).text.name == "Borealis"


def test_what_others_wrote_keeps_everything_but_the_whole_name(cast, said):
    erase_person(person=cast.bo, now=LATER)
    held = dump()
    pseudonym = pseudonym_of(cast.bo.public_id)
    assert f"Met {pseudonym} ({pseudonym}) for lunch" in held
    assert TermsItem.objects.count() == 1, "rows of the ledger stay"


def test_a_short_name_is_not_looked_for_in_others_words(cast):
    li = add_person(workspace=cast.workspace, name="Li", email="li@borealis.example")
    make_event(cast.borealis, cast.ana_voice, what="A reliable plan")
    erase_person(person=li, now=NOW)
    assert "A reliable plan" in dump()


def test_who_works_here_is_removed_first(cast):
    with pytest.raises(StillWorksHere):
        erase_person(person=cast.ana.person, now=NOW)
    gone = make_member(cast.workspace, "Gil Moe", steward=True)
    remove_member(member=gone, by=cast.oda, now=NOW)
    erase_person(person=gone.person, now=NOW)
    assert left_of("Gil Moe", "gil@acme.example") == []
    gone.user.refresh_from_db()
    assert not gone.user.is_active


def test_nothing_is_erased_while_an_import_runs(cast):
    ImportBatch.objects.create(workspace=cast.workspace, table=ImportTable.EVENTS, source="x", created_at=NOW, state="RUNNING")
    with pytest.raises(ImportRuns):
        erase_person(person=cast.bo, now=NOW)
    assert left_of("Bo Berg") == ["Bo Berg"]


def test_a_restore_does_not_bring_them_back(cast, tmp_path):
    out = tmp_path / "erasures.jsonl"
    erase_person(person=cast.bo, now=NOW)
    call_command("reapply_erasures", write=out, stdout=io.StringIO())
    assert "Bo" not in out.read_text()
    assert out.stat().st_mode & 0o077 == 0
    # The backup was older: the person is there again, and the entry is not.
    PersonText.objects.filter(person=cast.bo).update(name="Bo Berg", email="bo@borealis.example", email_hash=email_digest("bo@borealis.example"))
    assert reapply(now=LATER)[0].pseudonym == pseudonym_of(cast.bo.public_id)
    assert left_of("Bo Berg", "bo@borealis.example") == []
    assert reapply(now=LATER) == []
    entry = json.loads(out.read_text()) | {"person": str(uuid4())}
    out.write_text(json.dumps(entry) + "\n")
    said = io.StringIO()
    call_command("reapply_erasures", source=out, stdout=said)
    assert "1 entries added." in said.getvalue()
    out.write_text("{}\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("reapply_erasures", source=out, stdout=io.StringIO())


def test_who_cannot_be_erased_again_stops_nobody_elses_erasure(cast):
    entry = {"workspace": str(cast.workspace.public_id), "person": str(cast.ana.person.public_id), "erased_at": NOW.isoformat()}
    take_in([json.dumps(entry | {"email_hash": None, "name_hash": None})])  # a backup from when she still worked here
    erase_person(person=cast.bo, now=NOW)
    PersonText.objects.filter(person=cast.bo).update(name="Bo Berg", email="bo@borealis.example", email_hash=email_digest("bo@borealis.example"))
    said = io.StringIO()
    with pytest.raises(CommandError, match="1 of them could not be erased"):
        call_command("reapply_erasures", stdout=said)
    assert f"not erased {cast.ana.person.public_id}: This person is a member of the workspace." in said.getvalue()
    assert left_of("Bo Berg", "bo@borealis.example") == []


def test_that_somebody_wrote_of_them_for_themselves_is_not_counted(cast):
    set_how_often(member=cast.ana, how_often="MONTHLY", now=NOW)
    Reflection.objects.filter(member=cast.ana).update(sentence="Bo Berg was kind")
    assert Reflection.objects.count() == 1
    found = erase_person(person=cast.bo, now=NOW)
    assert not [name for name in found.counts if "eflection" in name]
    assert "Bo Berg" not in Reflection.objects.get().sentence


def test_a_kept_what_if_asks_nothing_any_more(cast):
    kept = KeptWhatIf.objects.create(
        workspace=cast.workspace, relationship=cast.borealis, member=cast.ana, as_of=TODAY, until=LATER.date(), query="", at=NOW
    )
    KeptWhatIfText.objects.create(workspace=cast.workspace, what_if=kept, question="What if there is no more \u201cBo's jokes\u201d from Bo?")
    found = erase_person(person=cast.bo, now=NOW)
    assert KeptWhatIfText.objects.get().question == ""
    assert found.counts["questions of kept what-ifs"] == 1


def test_somebody_who_was_named_anew_later_is_not_erased_again(cast):
    erase_person(person=cast.bo, now=NOW)
    add_person(workspace=cast.workspace, name="Bo Berg", email="bo@borealis.example")  # made after the erasure: their own wish
    Person.objects.filter(text__email="bo@borealis.example").update(created_at=LATER)
    assert reapply(now=LATER) == []
    assert left_of("Bo Berg") == ["Bo Berg"]


@pytest.mark.parametrize("parties", [True, False])
def test_a_file_does_not_bring_them_back(cast, employee, tmp_path, parties):
    friend = add_person(workspace=cast.workspace, name="Finn Aas", email="finn@aas.example")
    make_relationship(cast.ana, "Finn Aas", kind=Kind.PERSONAL, people=(friend,))
    erase_person(person=friend, now=NOW)
    path, out = tmp_path / "events.csv", io.StringIO()
    path.write_text("own,who,day,which\nAcme,Finn Aas,2025-05-01,we gave\n" if parties else "who,day,which\nFinn Aas,2025-05-01,we gave\n")
    columns = "counterpart=who,on=day,direction=which" + (",own=own" if parties else "")
    call_command("import_csv", str(path), map=columns, workspace="Acme", table="events", stdout=out)
    assert left_of("Finn Aas") == []
    assert "was erased" in out.getvalue()


def test_the_command_asks_and_names_nobody(cast, said, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_person", workspace="Acme", email="Bo@Borealis.example", stdout=io.StringIO())
    assert left_of("Bo Berg") == ["Bo Berg"]
    monkeypatch.setattr("builtins.input", lambda _: "erase")
    out = io.StringIO()
    call_command("erase_person", workspace="Acme", email="Bo@Borealis.example", stdout=out)
    assert left_of(*SECRETS) == []
    assert "gone" in out.getvalue()
    assert "Bo" not in out.getvalue()


@pytest.mark.parametrize("named", [{"email": "nobody@acme.example"}, {"person": "x"}, {"person": "00000000-0000-4000-8000-000000000000"}])
def test_who_is_not_there_is_not_erased(cast, named):
    with pytest.raises(CommandError):
        call_command("erase_person", workspace="Acme", yes=True, stdout=io.StringIO(), **named)
    assert not Erasure.objects.exists()


def test_every_text_beside_the_ledger_has_somebody_who_wrote_it():
    """A new table for words fails here until the service knows whose they are."""
    beside = {model._meta.label for model, _ in swept() if model.__name__.endswith("Text")}
    assert beside - {label for label, _, _ in WORDS} == {"relationships.PartyText"}


def test_the_speaker_is_still_found_behind_a_report(cast, said):
    erase_person(person=cast.bo, now=LATER)
    assert speaker(cast.borealis).person_id == cast.bo.pk

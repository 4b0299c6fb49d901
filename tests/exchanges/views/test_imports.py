"""From a file to the ledger in four pages, for those who look after relationships; and out again."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from exchanges.models import Answer, ImportBatch, ImportState, Report
from exchanges.services.imports import sweep
from relationships.models import Relationship
from tests.exchanges.views.browsing import HTMX, browser_of, clock, looks_unknown, refuses  # noqa: F401 - a fixture
from tests.makers import NOW
from valueledger.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("clock")
CHECKS = "account,side,value,on\nBorealis,they,2,01/05/2026\nBorealis,they,-1,28/05/2026\nBorealiss,they,1,02/05/2026\nBorealis,they,9,02/05/2026\n"
EVENTS = "account;date;in_out;note;hours;score\nBorealis;14/04/2026;out;Depot workshop;16;4\nBorealis;28/04/2026;in;Route audit;;1\n"
PAGES = ("import_progress", "import_map", "import_preview", "import_result", "import_refused")


def sent(member, text=CHECKS, table="CHECKS", name="checks.csv", **data):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return browser_of(member).post(reverse("desk:import"), {"table": table, "file": file, **data})


def uploaded(member, *args, **data):
    response = sent(member, *args, **data)
    assert response.status_code == 302, response.content.decode()[:3_000]
    return ImportBatch.objects.latest("id")


def at(name, batch):
    return reverse(f"desk:{name}", args=[batch.public_id])


MAPPED = {
    "column-0": "counterpart",
    "column-1": "side",
    "column-2": "value",
    "column-3": "on",
    "dates": "dmy",
    "answers": "3",
    "unknown": "ask",
    "kind": "CLIENT",
}


def mapped(member, batch, **data):
    response = browser_of(member).post(at("import_map", batch), {**MAPPED, **data})
    assert response.status_code == 302, response.content.decode()[:4_000]
    batch.refresh_from_db()
    return batch


def test_a_file_goes_through_four_pages_into_the_ledger(cast):
    browser = browser_of(cast.ana)
    batch = uploaded(cast.ana)
    page = browser.get(at("import_map", batch)).content.decode()
    assert "4 rows" in page
    assert "28/05/2026 can only be day first." in page
    assert '<option value="counterpart" selected>' in page
    mapped(cast.ana, batch)
    page = browser.get(at("import_preview", batch)).content.decode()
    assert "2 rows are ready. 2 need you." in " ".join(page.split())
    assert "No relationship has this name." in page
    assert "An answer lies between -3 and +3." in page
    assert '<option value="Borealis">Borealis</option>' in page
    assert not Answer.objects.exists()
    response = browser.post(at("import_preview", batch), {"fix-4-counterpart": "Borealis"})
    assert response.url == at("import_preview", batch)
    assert "3 rows are ready. 1 needs you." in " ".join(browser.get(response.url).content.decode().split())
    assert browser.post(at("import_run", batch), {"bad": "rest"}).url == at("import_progress", batch)
    assert "waits for the worker" in browser.get(at("import_progress", batch)).content.decode()
    sweep(now=NOW)
    assert browser.get(at("import_progress", batch)).url == at("import_result", batch)
    page = browser.get(at("import_result", batch)).content.decode()
    assert "3 checks are in the ledger." in " ".join(page.split())
    assert "1, download it" in page
    assert Answer.objects.count() == 3
    rows = list(csv.DictReader(io.StringIO(b"".join(browser.get(at("import_refused", batch)).streaming_content).decode("utf-8-sig"))))
    assert [(row["account"], row["value"], row["row"], row["wrong field"]) for row in rows] == [("Borealis", "9", "5", "value")]


def test_the_same_file_again_is_known(cast):
    for expected in ("2 rows are ready", "0 rows are ready"):
        batch = mapped(cast.ana, uploaded(cast.ana))
        assert expected in browser_of(cast.ana).get(at("import_preview", batch)).content.decode()
        browser_of(cast.ana).post(at("import_run", batch))
        sweep(now=NOW)
    assert Answer.objects.count() == 2


def test_scores_of_our_own_people_are_kept_as_guesses(cast):
    data = {"column-0": "counterpart", "column-1": "on", "column-2": "direction", "column-3": "what", "column-4": "cost", "column-5": "worth", "unit": "hours",
            "dates": "dmy", "worth_is": "guess"}  # fmt: skip
    batch = uploaded(cast.ana, EVENTS, "EVENTS")
    page = browser_of(cast.ana).get(at("import_map", batch)).content.decode()
    assert "separated by semicolons" in page
    browser_of(cast.ana).post(at("import_map", batch), data)
    browser_of(cast.ana).post(at("import_run", batch))
    sweep(now=NOW)
    assert set(Report.objects.values_list("side", "role", "guess_word", "word", "first_hand")) == {
        (0, "GAVE", 4, None, False),
        (1, "GAVE", 1, None, False),
    }


def test_a_list_of_who_rated_whom_needs_no_hand(cast):
    batch = uploaded(cast.ana, "12,3,10,1407470400\n3,12,-5,1407470401\n40,12,2,1350014400\n", name="ratings.csv")
    page = browser_of(cast.ana).get(at("import_map", batch)).content.decode()
    for field in ("rater", "rated", "value", "on", "unix", "10"):
        assert f'<option value="{field}" selected>' in page, field
    guessed = {"column-0": "rater", "column-1": "rated", "column-2": "value", "column-3": "on", "dates": "unix", "answers": "10", "unknown": "create"}
    browser_of(cast.ana).post(at("import_map", batch), guessed)
    browser_of(cast.ana).post(at("import_run", batch))
    sweep(now=NOW)
    assert sorted(Answer.objects.values_list("y_micro", flat=True)) == [-1_500_000, 600_000, 3_000_000]
    assert Relationship.objects.filter(steward=cast.ana).count() == 3


def test_columns_that_are_missing_or_twice_are_asked_for(cast):
    batch = uploaded(cast.ana)
    response = browser_of(cast.ana).post(at("import_map", batch), {**MAPPED, "column-2": "", "column-3": "side"})
    assert response.status_code == 422
    assert "Column 2 holds this already." in response.content.decode()
    response = browser_of(cast.ana).post(at("import_map", batch), {**MAPPED, "column-2": ""})
    assert "Choose a column for: answer, -3 to +3." in response.content.decode()


@pytest.mark.parametrize("content", [b"", b"\n", bytes(3_000), b"\x1f\x8bxx"], ids=["empty", "blank", "binary", "damaged"])
def test_a_file_that_is_no_table_is_answered_with_the_form(cast, content):
    response = sent(cast.ana, content)
    assert response.status_code == 422
    assert not ImportBatch.objects.exists()


def test_a_file_that_is_too_large_is_413(cast, settings):
    settings.IMPORT_MAX_BYTES = 1_048_576
    response = sent(cast.ana, b"x,y\n" * 300_000)
    assert response.status_code == 413
    assert "A file may have 1 MB." in response.content.decode()


def test_a_body_far_beyond_the_limit_is_refused_unread(cast, settings):
    settings.IMPORT_MAX_BYTES = 1_048_576
    response = browser_of(cast.ana).generic("POST", reverse("desk:import"), b"", CONTENT_LENGTH="100000000")
    assert response.status_code == 413


def test_progress_comes_as_a_fragment_and_sends_on_when_it_is_done(cast):
    batch = mapped(cast.ana, uploaded(cast.ana))
    browser_of(cast.ana).post(at("import_run", batch))
    response = browser_of(cast.ana).get(at("import_progress", batch), headers=HTMX)
    assert response.content.decode().lstrip().startswith("<section")
    sweep(now=NOW)
    assert browser_of(cast.ana).get(at("import_progress", batch), headers=HTMX).headers["HX-Redirect"] == at("import_result", batch)


def test_stop_and_undo(cast):
    batch = mapped(cast.ana, uploaded(cast.ana))
    browser = browser_of(cast.ana)
    browser.post(at("import_run", batch))
    assert browser.post(at("import_run", batch)).status_code == 302  # twice does no harm
    sweep(now=NOW)
    browser.post(at("import_stop", batch))
    browser.post(at("import_undo", batch))
    assert "are taken back" in browser.get(at("import_progress", batch)).content.decode()
    sweep(now=NOW)
    assert "The import was undone." in browser.get(at("import_result", batch)).content.decode()
    batch.refresh_from_db()
    assert batch.state == ImportState.UNDONE


def test_only_who_brought_a_file_sees_it(cast):
    batch = mapped(cast.ana, uploaded(cast.ana))
    for other in (cast.amir, cast.lea, cast.oda, cast.zed):
        for page in PAGES:
            looks_unknown(other, at(page, batch))
        for act in ("import_run", "import_stop", "import_undo"):
            looks_unknown(other, at(act, batch), "post")
    batch.refresh_from_db()
    assert batch.state == ImportState.MAPPED


def test_leaders_and_owners_import_nothing(cast):
    for member in (cast.lea, cast.oda):
        looks_unknown(member, reverse("desk:import"))
    assert sent(cast.oda).status_code == 404


def test_the_wrong_method_is_refused(cast):
    batch = mapped(cast.ana, uploaded(cast.ana))
    refuses(cast.ana, reverse("desk:import"), "PUT", "DELETE")
    refuses(cast.ana, at("import_run", batch), "GET")
    refuses(cast.ana, at("import_progress", batch), "POST")
    refuses(cast.ana, reverse("desk:export"), "GET")


def test_an_export_is_what_the_member_may_see(cast):
    batch = mapped(cast.ana, uploaded(cast.ana))
    browser_of(cast.ana).post(at("import_run", batch))
    sweep(now=NOW)
    response = browser_of(cast.ana).post(reverse("desk:export"), {"table": "CHECKS"})
    assert response.headers["Content-Disposition"] == 'attachment; filename="checks-2026-06-11.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row["value"] for row in rows] == ["2", "'-1"]
    response = browser_of(cast.amir).post(reverse("desk:export"), {"table": "CHECKS"})
    assert len(b"".join(response.streaming_content).decode().splitlines()) == 1
    assert AuditEntry.objects.filter(action="export.checks").count() == 2
    looks_unknown(cast.oda, reverse("desk:export"), "post", table="CHECKS")
    looks_unknown(cast.ana, reverse("desk:export"), "post", table="PEOPLE")

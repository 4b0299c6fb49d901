"""The portfolio page: leaders alone, clients by name, employees as a group, personal never, and numbers that agree."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from exchanges.models import Card
from relationships.models import Kind, Member
from tests.cast import Cast
from tests.exchanges.selectors.test_portfolio import answer, say
from tests.exchanges.services.test_demo import NOW as DEMO_NOW
from tests.exchanges.services.test_demo import Demo, make_demo
from tests.makers import NOW, TODAY, make_relationship
from valueledger.common.tenancy import within

URL = "/portfolio/"
HTMX = {"HTTP_HX_REQUEST": "true"}


def client_of(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def page(member: Member, query: str = "", **headers: str) -> str:
    response = client_of(member).get(URL + query, **headers)
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    """What a reader sees, tags and line breaks aside."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def lean(cast: Cast, count: int) -> None:
    for number in range(count):
        say(make_relationship(cast.ana, f"Client {number}"), [(110, 0), (20, 0)], [(110, -2 + number), (20, -2 + number)])


# The four questions


def test_a_leader_reads_it(cast: Cast) -> None:
    lean(cast, 5)
    html = page(cast.lea)
    assert "Client 0" in html
    assert "Balance map" in html


@pytest.mark.parametrize("who", ["ana", "oda", "amir"])
def test_who_does_not_lead_finds_nothing_there(cast: Cast, who: str) -> None:
    assert client_of(getattr(cast, who)).get(URL).status_code == 404


def test_a_leader_of_another_workspace_sees_nothing_of_this_one(cast: Cast) -> None:
    lean(cast, 5)
    assert "Client" not in words(page(cast.zed)).replace("client relationships", "")


def test_a_stranger_is_asked_to_sign_in(cast: Cast) -> None:
    response = Client().get(URL)
    assert response.status_code == 302
    assert "/account/login/" in response.headers["Location"]


def test_it_is_only_for_reading(cast: Cast) -> None:
    assert client_of(cast.lea).post(URL).status_code == 405


# What it says


def test_the_sentence_adds_up(cast: Cast) -> None:
    lean(cast, 5)  # feeling -2, -1, 0, 1 and 2; and Borealis, of which nothing is known
    text = words(page(cast.lea))
    fair, total, leaning, unheard = map(
        int, re.search(r"(\d+) of (\d+) relationships feel fair to both sides\. (\d+) needs? a conversation, and (\d+) we have not", text).groups()
    )  # type: ignore[union-attr]
    close = re.search(r"(\d+) (?:is|are) too close to say", text)
    assert total == 6
    assert fair + leaning + unheard + (int(close.group(1)) if close else 0) == total


def test_verdict_counts_lead_to_lists_of_that_length(cast: Cast) -> None:
    lean(cast, 5)
    html = page(cast.lea)
    chips = re.findall(r'class="chip[^"]*" href="([^"]+)">[^<]*?(\d+)</a>', html)
    assert len(chips) > 3
    for url, count in chips:
        query = url.replace("&amp;", "&").split("#")[0].removeprefix(URL)
        rows = page(cast.lea, query).split('id="list"')[1].count("<tr>") - 1
        assert rows == int(count), query


def test_below_four_there_is_no_map(cast: Cast) -> None:
    lean(cast, 2)
    html = page(cast.lea)
    assert "Four relationships to a map." in html
    assert "You have 3." in html
    assert "map-plot" not in html


def test_from_four_on_there_is_one(cast: Cast) -> None:
    lean(cast, 4)
    html = page(cast.lea)
    assert "map-plot" in html
    assert "1 relationship is not on the map : nobody has answered yet." in words(html)


def test_an_empty_workspace_is_told_so(cast: Cast) -> None:
    html = page(cast.zed)
    assert "No client relationships yet." in html
    assert "map-plot" not in html


def test_a_filter_that_finds_nothing_offers_everything(cast: Cast) -> None:
    lean(cast, 1)
    html = page(cast.lea, "?verdict=both")
    assert "No relationship matches this choice." in html
    assert f'href="{URL}">Show all' in html


def test_nobody_reads_an_employees_or_a_friends_name(cast: Cast) -> None:
    lean(cast, 4)
    make_relationship(cast.ana, "Eva Holm", kind=Kind.EMPLOYEE)
    make_relationship(cast.ana, "Ruth Amsel", kind=Kind.PERSONAL)
    cast.ana.is_leader = True  # not even her own, on this page
    cast.ana.save()
    for query in ("", "?kind=employees", "?by=kind", "?kind=clients", "?confirmed=no"):
        html = page(cast.ana, query)
        assert "Eva Holm" not in html
        assert "Ruth Amsel" not in html


def test_fewer_than_five_employees_are_hidden_with_the_reason(cast: Cast) -> None:
    made = [make_relationship(cast.ana, f"Worker {number}", kind=Kind.EMPLOYEE, people=(cast.bo,)) for number in range(4)]
    for relationship in made:
        answer(relationship, -3, TODAY - timedelta(days=90))
    html = page(cast.lea, "?kind=employees")
    assert "Fewer than five employees answered" in html
    assert "−3" not in html


def test_a_filter_does_not_take_the_group_apart(cast: Cast) -> None:
    make_relationship(cast.ana, "Eva Holm", kind=Kind.EMPLOYEE)
    assert "Employees, as a group" in page(cast.lea)
    assert "h-emp" not in page(cast.lea, f"?steward={cast.ana.public_id}")


# How it answers


def test_a_changed_filter_swaps_results_and_sentence(cast: Cast) -> None:
    lean(cast, 4)
    html = page(cast.lea, "?confirmed=no", **HTMX)
    assert "<html" not in html
    assert 'id="summary" role="status" hx-swap-oob="true"' in html
    assert 'id="h-map"' in html


def test_more_swaps_the_list_alone(cast: Cast) -> None:
    lean(cast, 4)
    html = page(cast.lea, "", HTTP_HX_TARGET="list", **HTMX)
    assert "<table" in html
    assert 'id="h-map"' not in html


def test_pages_of_the_list_follow_each_other(cast: Cast) -> None:
    for number in range(29):
        make_relationship(cast.ana, f"Client {number:02}")
    first = page(cast.lea)
    onwards = re.search(r'rel="next" href="([^"]+)"', first).group(1).replace("&amp;", "&")  # type: ignore[union-attr]
    second = page(cast.lea, onwards.removeprefix(URL))
    names = [set(re.findall(r"Client \d\d|Borealis", html.split('id="list"')[1])) for html in (first, second)]
    assert [len(part) for part in names] == [25, 5]
    assert not names[0] & names[1]


@pytest.mark.parametrize(
    "query",
    [
        "?steward=not-a-uuid", "?form='%20OR%201=1", "?verdict=worst", "?weeks=-1", "?weeks=1e308", "?after=zzz", "?kind=%E2%80%AE",
        "?by=name", "?confirmed=maybe", "?verdict=" + "x" * 5000,
    ],
)  # fmt: skip
def test_what_is_typed_into_the_address_does_no_harm(cast: Cast, query: str) -> None:
    lean(cast, 4)
    html = page(cast.lea, query)
    assert "of 5" in words(html)
    assert "xxx" not in html  # and is not handed on


def test_a_nul_in_the_address_is_refused(cast: Cast) -> None:
    assert client_of(cast.lea).get(URL + "?steward=%00").status_code == 400


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    def queries() -> int:
        client = client_of(cast.lea)
        with CaptureQueriesContext(connection) as caught:
            client.get(URL)
        return len(caught)

    lean(cast, 5)
    queries()  # fills what is kept between requests
    few = queries()
    lean(cast, 12)
    assert queries() == few < 20


def test_reading_writes_nothing(cast: Cast) -> None:
    lean(cast, 4)
    client = client_of(cast.lea)
    with CaptureQueriesContext(connection) as caught:
        client.get(URL)
    changed = [query["sql"] for query in caught if re.match(r"(INSERT|UPDATE|DELETE)", query["sql"]) and "session" not in query["sql"]]
    assert changed == []


def test_the_page_of_the_demo(django_db_setup: None, django_db_blocker: object) -> None:
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(DEMO_NOW, tick=False):
        demo: Demo = make_demo("Oakhollow Works", "helen@oakhollow.example")
        html = page(demo.owner)
        text = words(html)
        with within(demo.workspace.pk):
            verdicts = Card.objects.filter(view=1, kind=Kind.CLIENT).exclude(stage="COMPLETED").values_list("verdict", flat=True)
            fair = sum(verdict == "balanced" for verdict in verdicts)
        assert f"{fair} of 29 relationships feel fair to both sides." in text
        assert "Saltmarsh Ferries Both pulling back" in text
        assert "Tidewell Freight Perception gap" in text
        assert "Dovetail" not in text
        assert not {"Ines Okafor", "Ruth Amsel", "Piotr"} & set(re.findall(r"Ines Okafor|Ruth Amsel|Piotr", text))
        assert re.search(r"\d of 9 said how fair it feels to work here", text)
        transaction.set_rollback(True)

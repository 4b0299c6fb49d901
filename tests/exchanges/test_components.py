"""What the tags print: marks and words together, names escaped, nothing that the content policy would refuse."""

import re
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.template import Context, Template
from django.template.loader import get_template
from django.utils import translation

from exchanges import wording
from exchanges.charts import MapMark, TimelineCheck, TimelineEvent, TimelinePoint, TimelineSide, WeekShares, balance_map, shares, timeline
from tests.exchanges.charts.readings import TODAY, reading

TEMPLATES = Path(settings.BASE_DIR) / "templates"
EVIL = '<script>alert("x")</script>'


def render(source: str, **context: object) -> str:
    return Template("{% load ledger icons i18n %}" + source).render(Context({"today": TODAY, **context}))


def parsed(html: str) -> ElementTree.Element:
    """Every start has its end, as SVG needs it."""
    return ElementTree.fromstring(f"<body>{html}</body>".replace("&nbsp;", " "))


def test_a_level_says_its_number_and_is_silent_beside_a_printed_one():
    side = reading(-1.2, 0.5)
    assert 'role="img" aria-label="They feel: minus 1.2, plus or minus 0.5"' in render("{% level side %}", side=side)
    assert 'aria-hidden="true"' in render("{% level side silent=True %}", side=side)
    assert "You feel" in render('{% level side eyes="counterpart" %}', side=side)


def test_a_level_without_an_answer_has_no_dot():
    assert "lv-dot" not in render("{% level side %}", side=reading(None))
    assert "no number" in render("{% level side %}", side=reading(None))
    assert "lv-dot" in render("{% level side %}", side=reading(0))


def test_no_decimal_comma_gets_into_a_drawing():
    with translation.override("de"):
        drawn = render("{% level side %}{% verdict 'counterpart_feels_short' %}{% beam side us %}", side=reading(-1.2), us=reading(0.4, own=True))
    numbers = re.findall(r'\b(?:x|y|x1|x2|y1|y2|cx|cy|d|r|width|height)="([^"]*)"', drawn)
    assert numbers
    assert not [value for value in numbers if "," in value]


def test_the_beam_names_both_sides_and_since_when():
    drawn = render(
        "{% beam they we %}", they=reading(-1.2, 0.5, answered_on=date(2026, 5, 12), answered_by="Marta Solheim"), we=reading(0.4, own=True)
    )
    parsed(drawn)
    assert "−1.2\u00a0±0.5" in drawn
    assert "confirmed 12 May, Marta Solheim" in drawn
    assert drawn.index("Tidewell Freight") < drawn.index("side-mark--we")


def test_a_private_side_prints_no_number_at_all():
    drawn = render("{% beam they we %}{% num they %}{% level they %}", they=reading(-2.9, is_private=True), we=reading(0.1, own=True))
    assert "2.9" not in drawn
    assert "not shown" in drawn


def test_a_bare_beam_has_no_names():
    drawn = render("{% beam they we small=True bare=True %}", they=reading(-1.2), we=reading(0.4, own=True))
    assert "beam--bare" in drawn
    assert "side-name" not in drawn


def test_a_verdict_is_told_by_words_and_shape():
    chip = render("{% verdict 'counterpart_feels_short' %}")
    assert "They give more" in chip
    assert "glyph-beam" in chip
    assert "You give more" in render("{% verdict 'counterpart_feels_short' eyes='counterpart' %}")
    assert "Worth a talk" in render("{% verdict 'counterpart_feels_short' kind='personal' %}")
    assert "Perception gap" in render("{% verdict chip %}", chip=wording.verdict_chip("balanced", gap=True))


@pytest.mark.parametrize(("word", "dark"), [(-1, 0), (0, 0), (1, 1), (4, 4)])
def test_worth_has_as_many_dark_cells_as_its_word(word, dark):
    drawn = render("{% worth word %}", word=word)
    assert drawn.count('class="w1"') == dark
    assert ('class="wn"' in drawn) == (word < 0)
    assert wording.worth_word(word) in drawn


def test_a_guess_is_pale_and_a_missing_answer_says_so():
    assert "worth--guess" in render("{% worth 3 guess=True %}")
    assert "Not rated yet" in render("{% worth word %}", word=None)


def test_weights_are_pips_and_words():
    drawn = render("{% weight 4 %}")
    assert drawn.count('class="on"') == 4
    assert "4 of 10" in drawn


def test_a_gap_leads_to_its_talk():
    assert 'href="#next"' in render('{% gap 4 1 url="#next" %}')
    assert render("{% gap 2 1 %}").strip() == ""


def drawn_timeline(name: str = "Tidewell Freight") -> str:
    point = TimelinePoint(date(2026, 5, 12), -1.2, -1.5, -0.9, True)
    side = TimelineSide(
        name,
        False,
        [point],
        [TimelineCheck(point.on, -1.2, "Marta Solheim")],
        [TimelineEvent(date(2026, 6, 9), "Re-planned", None)],
        date(2026, 6, 24),
    )
    return render("{% timeline chart %}", chart=timeline([side], TODAY))


def test_the_timeline_has_its_sentence_its_marks_and_its_table():
    drawn = drawn_timeline()
    parsed(drawn)
    assert "How fair Tidewell Freight feels, July 2025 to June 2026. 1 check answered." in drawn
    assert "12 May 2026: Marta Solheim answered −1.2" in drawn
    assert "Next check due 24 June" in drawn
    assert "<td>9 June</td>" in drawn
    assert "not rated yet" in drawn


def test_a_timeline_without_answers_says_so():
    drawn = render("{% timeline chart solo=True %}", chart=timeline([TimelineSide("Tidewell", False, [])], TODAY))
    assert "no answer yet" in drawn
    assert "timeline--solo" in drawn
    assert "t-line" not in drawn


def drawn_map(count: int = 3, name: str = "Tidewell Freight") -> str:
    they, we = reading(-1.2, 0.5), reading(0.4, own=True)
    marks = [MapMark(f"/r/{i}", name, they, we, wording.map_title(name, "They give more", they, we), "counterpart_feels_short") for i in range(count)]
    marks.append(MapMark("/r/first", name, they, we, name, "counterpart_feels_short", rank=1))
    return render("{% balance_map chart %}", chart=balance_map(marks))


def test_each_mark_of_the_map_is_a_link_with_a_title():
    drawn = drawn_map()
    body = parsed(drawn)
    links = [link for link in body.iter("a") if link.find("title") is not None]
    assert [link.get("href") for link in links] == ["/r/0", "/r/1", "/r/2", "/r/first"]
    assert "Skip the map, 4 links" in drawn
    assert "Balance map as a table" in drawn


def test_a_crowded_map_shows_squares_and_says_how_many():
    drawn = drawn_map(600)
    assert "map-cell--5" in drawn
    assert "600 relationships</title>" in drawn
    assert drawn.count('class="dot"') < 10


def test_columns_have_a_table_beside_them():
    chart = shares([WeekShares(date(2026, 6, 4), 17, 2, 3, 5, 0, 11), WeekShares(TODAY, 25, 3, 2, 4, 1, 7)])
    drawn = render("{% shares chart %}", chart=chart)
    parsed(drawn)
    assert 'id="s-pw"' in drawn
    assert 'fill="url(#s-pu)"' in drawn
    assert "In equilibrium: 45 percent at first, 60 percent now." in drawn


def test_bars_are_told_in_words():
    drawn = render("{% breakdown_bar week %}{% coverage_bar 35 42 %}", week=WeekShares(TODAY, 9, 1, 0, 2, 0, 1))
    assert "9 in equilibrium, 1 someone gets more, 2 they give more, 1 unconfirmed" in drawn
    assert 'width="83.33%"' in drawn


def test_dates_stand_in_time_elements():
    assert render("{% day on %}", on=date(2026, 6, 9)) == '<time datetime="2026-06-09">9 June</time>'
    assert render("{% day on short=True %}", on=date(2025, 6, 9)) == '<time datetime="2025-06-09">9 Jun 2025</time>'
    assert render("{% day on weekday=True %}", on=date(2026, 6, 9)).endswith(">Tuesday 9 June</time>")
    assert render("{% day on %}", on=None) == ""
    assert render("{{ on|day:today }}", on=date(2026, 6, 9)) == "9 June"


@pytest.mark.parametrize(
    ("name", "letters"), [("Priya Raman", "PR"), ("priya@oakhollow.example", "P"), ("Cher", "C"), ("", ""), ("Ana de la Cruz", "AC")]
)
def test_initials(name, letters):
    assert render("{{ name|initials }}", name=name) == letters


@pytest.mark.parametrize(
    ("tags", "path"),
    [("undo:/events/3/undo", "/events/3/undo"), ("safe undo:/x", "/x"), ("undo://evil.example", ""), ("undo:https://evil.example", ""), (None, "")],
)
def test_undo_leads_only_to_a_path_of_our_own(tags, path):
    assert render("{{ tags|undo_of }}", tags=tags) == path


def test_names_are_escaped_wherever_they_stand():
    they, we = reading(-1.2, name=EVIL, short=EVIL, answered_on=date(2026, 5, 12), answered_by=EVIL), reading(0.4, own=True)
    drawn = (
        render("{% beam they we %}{% level they label=they.name %}{% side they %}", they=they, we=we) + drawn_timeline(EVIL) + drawn_map(name=EVIL)
    )
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def mail(**more: object) -> dict[str, object]:
    return {
        "greeting_name": "Yusuf",
        "sender_name": "Priya Raman",
        "workspace_name": "Oakhollow Works",
        "workspace_short": "Oakhollow",
        "party_name": "Juniper Lane Clinics",
        "last_line": wording.last_told("Yusuf", date(2026, 1, 14), TODAY),
        "since_lines": ["Training & <tea>"],
        "answers": [(value, label, f"https://ledger.example/p/t?answer={value}") for value, label in wording.check_answers()],
        "button_url": "https://ledger.example/p/t",
        "closes_on": "25 June",
        "privacy_line": "Who sees it.",
        "unsubscribe_url": "https://ledger.example/p/t/stop",
        "preview_text": "Ten seconds, no account.",
        "event_day": "Tuesday 9 June",
        "event_text": "Priya re-planned your night routes.",
        **more,
    }


@pytest.mark.parametrize("name", ["check", "rating"])
def test_a_mail_asks_in_text_and_html_and_escapes_only_the_html(name):
    text, html = get_template(f"emails/{name}.txt").render(mail()), get_template(f"emails/{name}.html").render(mail())
    subject = get_template(f"emails/{name}.subject.txt").render(mail())
    assert len(subject.strip().splitlines()) == 1
    assert "nothing is recorded before you do" in text
    assert "nothing is recorded before you do" in html
    for part in (text, html):
        assert "?answer=-3" in part
        assert "Stop asking me" in part
        assert "Juniper Lane Clinics" in part
    if name == "check":
        assert "- Training & <tea>" in text
        assert "Training &amp; &lt;tea&gt;" in html
        assert text.startswith("Yusuf, you last told us in January.")


COMPONENTS = sorted(path for path in TEMPLATES.rglob("_*.html"))
PAGES = sorted(path for path in TEMPLATES.rglob("*.html") if "emails" not in path.parts)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_component_opens_with_the_variables_it_takes_and_extends_nothing(path):
    source = path.read_text()
    assert source.startswith(("{#", "{% comment %}"))
    assert "{% extends" not in source


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_page_needs_what_the_content_policy_refuses(path):
    source = path.read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:|data:image|hx-on", source, re.IGNORECASE)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source, re.IGNORECASE)
    assert "—" not in source


def test_scripts_write_no_markup_and_run_no_strings():
    for path in (Path(settings.BASE_DIR) / "static" / "js").glob("*.js"):
        source = path.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b", source), path.name


def test_the_stylesheet_loads_only_its_own_fonts():
    source = (Path(settings.BASE_DIR) / "static" / "css" / "valueledger.css").read_text()
    addresses = re.findall(r"url\(([^)]*)\)", source)
    assert addresses
    for address in addresses:
        assert (Path(settings.BASE_DIR) / "static" / "css" / address.strip("\"'")).resolve().is_file()

"""Templates become blocks that Slack takes, in which nothing pings or formats by accident."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import DictLoader, UndefinedError

import templates
from sandbox.slack.blocks import problems
from templates import render

NASTY = "<!channel> *VIP* & _friends_ `x` | <@U0MEI>\u202e"
AT = datetime(2026, 11, 21, 2, 4, tzinfo=UTC)


@pytest.fixture
def written(monkeypatch):
    """Render a template given as text, through the real environment."""

    def render_text(text, language="en", /, **facts):
        monkeypatch.setattr(templates._environment, "loader", DictLoader({"probe.j2": text}))
        templates._environment.cache.clear()
        return render("probe", language, zone=ZoneInfo("Asia/Shanghai"), **facts)

    yield render_text
    templates._environment.cache.clear()


def texts(block):
    """Every text object and rich text element below a block, with its type."""
    if isinstance(block, dict):
        if isinstance(block.get("text"), str):
            yield block["type"], block["text"], block.get("style")
        for value in block.values():
            yield from texts(value)
    elif isinstance(block, list):
        for value in block:
            yield from texts(value)


@pytest.mark.parametrize(
    "template",
    [
        "{% section %}of {{ x }}{% endsection %}",
        "{% header %}of {{ x }}{% endheader %}",
        "{% context %}of {{ x }}{% endcontext %}",
        "{% fields %}Name | {{ x }}{% endfields %}",
        '{% table "l" %}{{ x }}{% endtable %}',
        "{% section %}{% trans x %}of {{ x }}{% endtrans %}{% endsection %}",
        "{% macro m(y) %}({{ y }}){% endmacro %}{% section %}{{ m(x) }}{% endsection %}",
    ],
)
def test_what_a_vendor_wrote_never_stands_in_mrkdwn(written, template):
    message = written(template, x=NASTY)
    assert not any(kind == "mrkdwn" and "VIP" in text for kind, text, _ in texts(list(message.blocks)))
    assert any("<!channel> *VIP* & _friends_ `x` | <@U0MEI>" in text for _, text, _ in texts(list(message.blocks)))


def test_our_own_words_are_bold_between_stars(written):
    message = written("{% section %}*Task {{ id }}* is `x`{% endsection %}", id="19124")
    assert [(text, style) for _, text, style in texts(list(message.blocks))] == [
        ("Task 19124", {"bold": True}),
        (" is ", None),
        ("x", {"code": True}),
    ]


def test_the_plain_text_cannot_ping(written):
    message = written("{% section %}{{ x }}{% endsection %}", x="<!channel> & <@U0MEI>")
    assert message.payload()["text"] == "&lt;!channel&gt; &amp; &lt;@U0MEI&gt;"
    assert message.text == "<!channel> & <@U0MEI>"


def test_an_unknown_figure_is_a_dash_and_never_nought(written):
    assert written("{% section %}{{ x }} of {{ y }}{% endsection %}", x=None, y=0).text == "— of 0"


def test_a_fact_that_is_missing_is_an_error(written):
    with pytest.raises(UndefinedError):
        written("{% section %}{{ nowhere }}{% endsection %}")


def test_words_outside_the_tags_are_an_error(written):
    with pytest.raises(ValueError, match="text outside the tags"):
        written("stray {% section %}x{% endsection %}")


def test_a_time_is_slacks_date_with_a_fallback_that_names_its_zone(written):
    message = written("{% section %}{{ at }}{% endsection %}{% context %}{{ at|clock }}{% endcontext %}", at=AT)
    date, small = message.blocks[0]["elements"][0]["elements"][0], message.blocks[1]["elements"][0]
    assert (date["type"], date["timestamp"], date["fallback"]) == ("date", 1795226640, "2026-11-21 10:04 UTC+8")
    assert small["text"] == "<!date^1795226640^{time}|10:04 UTC+8>"


def test_people_and_groups_are_mentions_and_terminals_are_words(written):
    message = written(
        "{% section %}{{ a|who }}{{ b|who }}{{ c|who }}{% endsection %}", a="U0MEI", b="S0OPS", c="terminal"
    )
    elements = message.blocks[0]["elements"][0]["elements"]
    assert [element["type"] for element in elements] == ["user", "usergroup", "text"]


def test_what_is_too_long_is_cut_with_a_pointer(written):
    message = written("{% section %}{{ x }}{% endsection %}", x="字" * 5000)
    text = "".join(text for _, text, _ in texts(list(message.blocks)))
    assert (len(text), text.endswith("… (more was cut off)")) == (3000, True)


def test_a_table_beyond_a_hundred_rows_says_that_more_was_cut_off(written):
    message = written('{% table "ll" %}a | b\n{% for n in range(200) %}{{ n }} | x\n{% endfor %}{% endtable %}')
    assert len(message.blocks[0]["rows"]) == 100
    assert "more was cut off" in message.text


def test_action_ids_are_unique_and_carry_their_manner(written):
    message = written(
        '{% actions %}{{ button(_("Pause task"), "task pause 1") }}'
        '{{ button("B", "task cancel 1", action="confirmed", style="danger") }}{% endactions %}'
    )
    elements = message.blocks[0]["elements"]
    assert [element["action_id"] for element in elements] == ["run.0", "confirmed.1"]
    assert [element["value"] for element in elements] == ["task pause 1", "task cancel 1"]


def test_what_is_rarer_stands_in_a_menu_behind_the_buttons(written):
    message = written(
        '{% actions %}{{ option("Snooze", "alerts snooze 1 1h") }}{{ button("A", "task pause 1") }}'
        '{{ option("Long", "x" * 151) }}{% endactions %}'
    )
    [button, menu] = message.blocks[0]["elements"]
    assert (button["action_id"], menu["type"], menu["action_id"]) == ("run.0", "overflow", "run.1")
    assert [option["value"] for option in menu["options"]] == ["alerts snooze 1 1h"]
    assert problems(list(message.blocks), "message") == []


def test_block_ids_are_stable_and_unique(written):
    text = "{% section %}a{% endsection %}{% divider %}{% context %}b{% endcontext %}"
    ids = [block["block_id"] for block in written(text).blocks]
    assert ids == ["probe.0", "probe.1", "probe.2"]
    assert [block["block_id"] for block in written(text).blocks] == ids


def test_an_empty_tag_leaves_no_block(written):
    assert written("{% section %}{% if false %}x{% endif %}{% endsection %}{% actions %}{% endactions %}").blocks == ()


def test_a_sentence_comes_in_the_asked_language(written):
    text = "{% section %}{% trans who=name %}asked by {{ who }}{% endtrans %}{% endsection %}"
    assert (written(text, name="x").text, written(text, "zh", name="x").text) == ("asked by x", "由 x 提出")


def test_the_commands_own_name_is_shown_and_values_are_left_alone(written):
    message = written("{% section %}`/edm help` {{ x }}{% endsection %}", slash="/mail", x="/edm")
    assert message.text == "/mail help /edm"

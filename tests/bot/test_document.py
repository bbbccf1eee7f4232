"""The file as structure and text, whatever the keys mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.document import ConfigError, Document, read

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
# What an environment can hold: no NUL.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
HOSTILE = [": #\"'", "a: b\n- c", "${PATH}", "$${PATH}", "}", "{x: y}", "*a", "&a", "!t", "\t", "null", "密码 🔑"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("document")


def document(folder: Path, text: str, environ: dict[str, str] | None = None) -> Document:
    file = folder / "app.yaml"
    file.write_text(text, encoding="utf-8")
    return read(file, environ or {})


def refusal(folder: Path, raw: bytes) -> str:
    file = folder / "app.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        read(file, {})
    (mistake,) = caught.value.mistakes
    return str(mistake).removeprefix(f"{folder}/")


@given(name=NAMES, value=VALUES | st.sampled_from(HOSTILE))
def test_a_value_of_the_environment_comes_through_unchanged_and_changes_nothing_else(folder, name, value):
    text = f"before: 1\nplain: ${{{name}}}\nquoted: ['x', \"a-${{{name}}}-${{{name}}}\"]\nafter: 2\n"
    read_in = document(folder, text, {name: value})
    assert read_in.data == {"before": "1", "plain": value, "quoted": ["x", f"a-{value}-{value}"], "after": "2"}
    assert read_in.mistakes == []
    assert [read_in.line(("quoted", 1)), read_in.line(("after",))] == [3, 4]


@given(value=st.none() | VALUES, default=st.text("abc:/-.#$ ", max_size=12))
def test_a_default_stands_in_for_a_variable_that_is_missing_or_empty(folder, value, default):
    read_in = document(folder, f'a: "<${{X:-{default}}}>"', {} if value is None else {"X": value})
    assert read_in.data == {"a": f"<{default if value is None else value}>"}
    assert read_in.unset == []


@given(text=st.text("abc${}:-_ ", max_size=20))
def test_any_text_is_either_read_or_blamed(folder, text):
    read_in = document(folder, f"a: '{text}'", {"a": "1", "b": "2", "c": "3"})
    rest = text.replace("$${", "")
    assert read_in.data == {"a": text} or "${" in text
    assert bool(read_in.mistakes or read_in.unset) <= ("${" in rest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sqlite:///${DIR}/x", "sqlite:////srv/x"),
        ("${DIR}${DIR:-no}", "/srv/srv"),
        ("${EMPTY:-sqlite:///var/edmbot.db}", "sqlite:///var/edmbot.db"),
        ("${NONE:-}", ""),
        ("$${DIR}", "${DIR}"),
        ("$$${DIR}", "$${DIR}"),
        ("$DIR and $$ and {DIR}", "$DIR and $$ and {DIR}"),
    ],
)
def test_references_are_replaced_where_they_stand(folder, text, expected):
    assert document(folder, f"a: {text}", {"DIR": "/srv", "EMPTY": ""}).data == {"a": expected}


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A B}", "${A", "${A-b}", "${A:-${B}}", "${A:b}"])
def test_what_looks_like_a_reference_and_is_none_is_blamed(folder, text):
    (mistake,) = document(folder, f"x: 1\na: '{text}'", {"A": "1", "B": "2"}).mistakes
    assert (mistake.line, mistake.key) == (2, "a")
    assert mistake.remedy == "write ${NAME} or ${NAME:-default}, or $${ for these very characters"


def test_variables_without_a_value_are_told_apart_from_empty_ones(folder):
    read_in = document(folder, "a: ${NONE}-${EMPTY}\n", {"EMPTY": ""})
    assert [(unset.at, unset.problem) for unset in read_in.unset] == [
        (("a",), "NONE is not set"),
        (("a",), "EMPTY is empty"),
    ]
    assert read_in.data == {"a": ""}


def test_keys_are_not_replaced(folder):
    assert document(folder, '"${A}": b', {"A": "x"}).data == {"${A}": "b"}


@pytest.mark.parametrize("scalar", ["012", "on", "20:00", "1_000", "1e3", "2024-01-01", "0x1F", "true", "'~'"])
def test_scalars_keep_their_characters(folder, scalar):
    assert document(folder, f"a: {scalar}").data == {"a": scalar.strip("'")}


def test_an_older_yaml_does_not_change_what_a_word_is(folder):
    assert document(folder, "%YAML 1.1\n---\na: on\n").data == {"a": "on"}


def test_a_byte_order_mark_and_windows_line_ends_are_taken(folder):
    file = folder / "app.yaml"
    file.write_bytes("\ufeffa: 1\r\nb:\r\n  c: ü\r\n".encode())
    read_in = read(file, {})
    assert read_in.data == {"a": "1", "b": {"c": "ü"}}
    assert read_in.line(("b", "c")) == 3


def test_what_is_not_written_is_on_the_line_of_what_should_hold_it(folder):
    read_in = document(folder, "a: 1\nb:\n  c: {d: 1}\n")
    assert [read_in.line(at) for at in [("b",), ("b", "c", "nothing"), ("b", "x", "y"), ("nothing",)]] == [2, 3, 2, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", "app.yaml:3: a: is written twice; keep one; the first is on line 1"),
        ("x: {b: 1,\n b: 2}", "app.yaml:2: x.b: is written twice; keep one; the first is on line 1"),
        ("x: 1\ny: [a, &b c]", "app.yaml:2: y[1]: `&` begins an anchor, which is not read here; "),
        ("x: &b\n  y: *b", "app.yaml:1: x: `&` begins an anchor, which is not read here; "),
        ("x: 1\ny: !hunter2", "app.yaml:2: y: `!` begins a tag, which is not read here; "),
        ("x: !!python/object:os.system {}", "app.yaml:1: x: `!` begins a tag, which is not read here; "),
        ("x:\n  {password:hunter2}", "app.yaml:2: x: a key holds a colon; put a space after the colon that ends a key"),
        ("x: 1\n? [hunter2]\n: y", "app.yaml:1: a key must be a word; "),
        ("- x\n- y", "app.yaml:1: must be keys with values; begin with a line such as `timezone: Asia/Shanghai`"),
        ("hunter2", "app.yaml:1: must be keys with values; "),
    ],
)
def test_what_yaml_allows_and_we_do_not_is_blamed_and_never_quoted(folder, text, expected):
    (mistake,) = document(folder, text).mistakes
    told = str(mistake).removeprefix(f"{folder}/")
    assert told.startswith(expected)
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "app.yaml:1: the file is empty; start from the app.yaml that edmbot ships"),
        (b"# only words\n\n", "app.yaml:1: the file is empty; start from the app.yaml that edmbot ships"),
        (b"a: 1\nb: \xff\n", "app.yaml:2: is not UTF-8; save the file as UTF-8"),
        (b"a: 1\nb: \x01hunter2\n", "app.yaml:2: a control character stands here; remove it"),
        (b"a:\n\tb: 1\n", "app.yaml:2: a tab stands where only spaces may; indent with spaces"),
        (b"a: 1\nb: c: d\n", "app.yaml:2: a `: ` stands inside a value; put the value into quotes, or align the line"),
        (b"a: 1\nb: 'c\nd: 2\n", "app.yaml:2: a quote is opened and never closed; close it"),
        (b"a: @hunter2\n", "app.yaml:1: a value begins with a character that YAML reserves; put the value into quotes"),
        (
            b"a:\n  b: {c: ${HUNTER2}}\n",
            'app.yaml:2: `${` stands unquoted inside { } or [ ]; put the value into quotes: "${NAME}"',
        ),
        (b"a: 1\n---\nb: 2\n", "app.yaml:2: a second document begins; keep one and remove the line ---"),
        (b"a: *hunter2\n", "app.yaml:1: `*` begins an alias, which is not read here; put the value into quotes"),
        (
            b"a: 1\nb: !hunter2!x y\n",
            "app.yaml:2: this is not YAML; check indentation, brackets and quotes on this line and the one before",
        ),
        (
            b"a: 1\n- hunter2\n",
            "app.yaml:2: this is not YAML; check indentation, brackets and quotes on this line and the one before",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_line(folder, raw, expected):
    assert refusal(folder, raw) == expected


def test_two_anchors_of_one_name_are_blamed_without_a_warning_that_quotes_them(folder):
    assert len(document(folder, "a: &hunter2 1\nb: &hunter2 2\n").mistakes) == 2


@pytest.mark.parametrize(("name", "reason"), [("none.yaml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_is_not_there_is_named(folder, name, reason):
    with pytest.raises(ConfigError, match=f"1: cannot be read: {reason}; name another with --config"):
        read(folder / name, {})


def test_mistakes_are_told_once_each_in_the_order_of_the_file(folder):
    read_in = document(folder, "b: 1\na: 1\n")
    later, earlier = read_in.mistake(("a",), "is wrong"), read_in.mistake(("b",), "is wrong", "right it")
    told = ConfigError([later, earlier, later])
    assert told.mistakes == (earlier, later)
    assert str(told) == f"{read_in.file}:1: b: is wrong; right it\n{read_in.file}:2: a: is wrong"

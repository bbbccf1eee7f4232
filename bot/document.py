"""A YAML file in which texts may name environment variables, and where each of its values is written.

The file says structure and text only: every scalar is read as the text that stands there (`012`, `on` and `20:00`
keep their characters), and the type is up to whoever validates it. So a value means the same whether it stands
in the file or comes from the environment.
"""

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

KeyPath: TypeAlias = tuple[str | int, ...]
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-(?:[^$}]|\$(?!\{))*)?\})?")
_STANDARD_TAG = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|timestamp|merge|value|map|seq)")
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
"""What Python puts in place of bytes of the environment that are not UTF-8."""

# What ruamel.yaml says -> what to tell a person. Its own text is not shown: it quotes the file, passwords included.
_SYNTAX = (
    ("character '\\t'", "a tab stands where only spaces may", "indent with spaces"),
    ("mapping values are not allowed", "a `: ` stands inside a value", "put the value into quotes, or align the line"),
    ("end of stream", "a quote is opened and never closed", "close it"),
    ("cannot start any token", "a value begins with a character that YAML reserves", "put the value into quotes"),
    ("but got '{'", "`${` stands unquoted inside { } or [ ]", 'put the value into quotes: "${NAME}"'),
    ("another document", "a second document begins", "keep one and remove the line ---"),
    ("undefined alias", "`*` begins an alias, which is not read here", "put the value into quotes"),
)
_SYNTAX_OTHERWISE = ("this is not YAML", "check indentation, brackets and quotes on this line and the one before")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in the file or in the environment. Never holds a value that may be secret."""

    file: str
    line: int
    """From 1."""
    key: str
    """The key path, such as `accounts.umail.username`; empty when the file as a whole is meant."""
    problem: str
    remedy: str
    """What would be right; may be empty."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " + (f"{self.key}: " if self.key else "")
        return place + "; ".join(part for part in (self.problem, self.remedy) if part)


class ConfigError(Exception):
    """The configuration cannot be used; says everything that is wrong with it, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes), key=lambda mistake: (mistake.line, mistake.key, mistake.problem)))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True, slots=True)
class Unset:
    """A variable that a value names without a default and that the environment does not hold, or holds empty."""

    at: KeyPath
    problem: str


class Document:
    """What stands in one file, with `${NAME}` and `${NAME:-default}` replaced inside its texts.

    A text that names a variable which is not set is empty.
    """

    def __init__(self, file: str, root: Node, environ: Mapping[str, str]) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []
        """What is wrong whatever the schema: keys written twice, references that cannot be read."""
        self.unset: list[Unset] = []
        self.variables: dict[KeyPath, list[str]] = {}
        """Which variables the value at a path names."""
        self._lines: dict[KeyPath, int] = {}
        self._doubtful: set[KeyPath] = set()
        self._environ = environ
        data = self._value(root, ())
        self.data: dict[str, Value] = data if isinstance(data, dict) else {}
        """Texts, lists and mappings; None where nothing is written."""
        if not isinstance(data, dict) and not self.mistakes:
            self.blame((), "must be keys with values", "begin with a line such as `timezone: Asia/Shanghai`")

    def blame(self, at: KeyPath, problem: str, remedy: str = "") -> None:
        """Note a mistake at `at`."""
        self.mistakes.append(self.mistake(at, problem, remedy))
        self._doubtful.add(at)

    def is_doubtful(self, at: KeyPath) -> bool:
        """Whether something is already known to be wrong at `at` or under it, so that it need not be judged again."""
        return any(path[: len(at)] == at for path in self._doubtful)

    def mistake(self, at: KeyPath, problem: str, remedy: str = "") -> Mistake:
        """A mistake at `at`; on the line of what holds it where `at` itself is not written."""
        return Mistake(self.file, self.line(at), dotted(at), problem, remedy)

    def line(self, at: KeyPath) -> int:
        """The line, from 1, of the key or item at `at`, else of the nearest thing around it."""
        while at not in self._lines:
            at = at[:-1]
        return self._lines[at]

    def _value(self, node: Node, at: KeyPath) -> Value:
        self._lines.setdefault(at, node.start_mark.line + 1)
        # Neither is needed here, and an anchor may hold itself.
        if node.anchor is not None:
            self.blame(at, "`&` begins an anchor, which is not read here", "put the value into quotes, or write it out")
            return None
        if not _STANDARD_TAG.fullmatch(str(node.tag)):
            self.blame(at, "`!` begins a tag, which is not read here", "put the value into quotes")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*at, number)) for number, item in enumerate(node.value)]
        if str(node.tag).endswith(":null"):
            return None
        return self._text(node.value, at)

    def _mapping(self, node: MappingNode, at: KeyPath) -> dict[str, Value]:
        mapping: dict[str, Value] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.blame(at, "a key must be a word", "put a value that begins with { or [ into quotes")
                continue
            if ":" in key.value:
                # `{password:secret}` is one key, so it must not be named.
                problem, remedy = "a key holds a colon", "put a space after the colon that ends a key"
                self.mistakes.append(Mistake(self.file, key.start_mark.line + 1, dotted(at), problem, remedy))
                continue
            path = (*at, key.value)
            if path in self._lines:
                line = key.start_mark.line + 1
                remedy = f"keep one; the first is on line {self._lines[path]}"
                self.mistakes.append(Mistake(self.file, line, dotted(path), "is written twice", remedy))
                continue
            self._lines[path] = key.start_mark.line + 1
            mapping[key.value] = self._value(value, path)
        return mapping

    def _text(self, text: str, at: KeyPath) -> str:
        def replace(reference: re.Match[str]) -> str:
            if reference[0] == "$${":
                return "${"
            if reference["name"] is None:
                remedy = "write ${NAME} or ${NAME:-default}, or $${ for these very characters"
                self.blame(at, "`${` is not followed by a name and `}`", remedy)
                return ""
            return self._variable(reference["name"], reference["default"], at)

        replaced = _REFERENCE.sub(replace, text)
        return "" if any(unset.at == at for unset in self.unset) else replaced

    def _variable(self, name: str, default: str | None, at: KeyPath) -> str:
        self.variables.setdefault(at, []).append(name)
        held = self._environ.get(name)
        if held and _NOT_UTF_8.search(held):
            self.blame(at, f"{name} is not UTF-8", "export it as UTF-8")
            return ""
        if held:
            return held
        if default is None:
            self._doubtful.add(at)
            self.unset.append(Unset(at, f"{name} is {'not set' if held is None else 'empty'}"))
            return ""
        return default.removeprefix(":-")


def dotted(at: KeyPath) -> str:
    """`accounts.umail.username`, `roles.operator[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """What stands in `path`.

    Raises:
        ConfigError: when it cannot be read, or is not UTF-8, YAML or one document.
    """
    file = str(path)
    text = _decoded(path)
    try:
        # Anchors are refused below; the warning about two of one name would quote the lines, to stderr.
        with warnings.catch_warnings(action="ignore", category=ReusedAnchorWarning):
            root = YAML().compose(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mistake = Mistake(file, line, "", "a control character stands here", "remove it")
        raise ConfigError([mistake]) from None
    except YAMLError as error:
        raise ConfigError([_syntax_mistake(file, error)]) from None
    if root is None:
        raise ConfigError([Mistake(file, 1, "", "the file is empty", "start from the app.yaml that edmbot ships")])
    return Document(file, root, environ)


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError([Mistake(str(path), 1, "", problem, "name another with --config")]) from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Mistake(str(path), line, "", "is not UTF-8", "save the file as UTF-8")]) from None


def _syntax_mistake(file: str, error: YAMLError) -> Mistake:
    problem = str(error.problem) if isinstance(error, MarkedYAMLError) else ""
    # An unclosed quote is noticed at the end of the file; it was opened where the context begins.
    mark = getattr(error, "context_mark" if "end of stream" in problem else "problem_mark", None)
    ours = next(((said, remedy) for theirs, said, remedy in _SYNTAX if theirs in problem), _SYNTAX_OTHERWISE)
    return Mistake(file, mark.line + 1 if mark else 1, "", *ours)

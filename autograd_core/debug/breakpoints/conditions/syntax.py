"""From text to a condition: a parser with one method for each line of the grammar.

::

    condition     [forward | backward] [modifiers] alternatives [modifiers]
    modifiers     once | ignore N | every N, each at most once
    alternatives  all { or all }
    all           one { and one }
    one           not one | ( alternatives ) | atom
    atom          nan | inf | zero | STATISTIC SIGN NUMBER | op:NAME | module:NAME
                  | name:NAME | line:LINES | FILE:LINES | cell:N[:LINES] | iter:N[-N]
                  | iter SIGN N | py: the rest of the text

A name with spaces or signs stands in quotes.  Since ``py:`` takes the rest of the text, it
comes last, and modifiers stand in front of it.  Whatever does not fit ends in one
`ConditionError` that names the place and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .tokens import (
    ConditionError,
    Token,
    decimal,
    near,
    shortened,
    tokens_of,
    unquoted,
    whole,
)
from .tree import (
    COMPARE,
    FLAGS,
    STATISTICS,
    And,
    Cell,
    Compare,
    Flag,
    Iteration,
    Line,
    Module,
    Name,
    Not,
    Op,
    Or,
    Python,
    Tree,
    looks_like_file,
)

PHASES = ("forward", "backward")
MODIFIERS = ("once", "ignore", "every")
JOINTS = ("and", "or", "not")
NAMED: dict[str, Callable[[str], Tree]] = {"op": Op, "module": Module, "name": Name}
KEYS = (*NAMED, "line", "cell", "iter")
ALL_WORDS = (*FLAGS, *STATISTICS, *(f"{key}:" for key in (*KEYS, "py")), "iter", *PHASES,
             *MODIFIERS, *JOINTS)  # fmt: skip
MEANT = {"&": "and", "&&": "and", ",": "and", "|": "or", "||": "or", "!": "not", "~": "not"}
PYTHON = "'py: grad.abs().max() > 3'"
AS_IN = {
    "op": "op:Addmm",
    "module": "module:encoder.*",
    "name": "name:w1",
    "line": "line:12",
    "file": "model.py:42 or model.py:42-50",
    "cell": "cell:3 or cell:3:12",
    "iter": "iter:5 or iter:5-8",
}
EXAMPLES = (
    "conditions are nan, inf, zero, norm > 1e3 (or rms, min, max, zeros), op:Addmm, "
    "module:encoder.*, name:w1, line:12, model.py:42, cell:3:12, iter:5 and py: EXPRESSION"
)
DEPTH = 100
"""Parentheses and nots within one another; more would be a slip, and strain the stack."""

_LINES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_FILE = re.compile(r"(.+):(\d.*)", re.DOTALL)
_MODIFIERS_LAST = re.compile(r"\b(once|(ignore|every)\s+\d+)\s*$")


class Parsed(NamedTuple):
    """What a text says."""

    tree: Tree
    phase: str
    modifiers: dict[str, int]


def parse_text(text: str) -> Parsed:
    """Read a condition.

    Raises
    ------
    ConditionError
        If it is none; the message says where, and what to write.
    """
    return _Parser(text).condition()


class _Parser:
    def __init__(self, text: str):
        self.text = text
        self.tokens = tokens_of(text)
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """The next token, which is done with."""
        token = self.next
        self.position += token.kind != "end"
        return token

    def comes(self, *words: str) -> bool:
        """Whether one of these words comes next."""
        return self.next.kind == "word" and self.next.text.lower() in words

    def error(self, token: Token, problem: str, remedy: str) -> ConditionError:
        """What is wrong, where (columns count from 1), and what to write."""
        text = shortened(self.text, 100)
        return ConditionError(f"{problem} at column {token.at + 1} of {text!r}: {remedy}")

    # -------------------------------------------------------------- the whole

    def condition(self) -> Parsed:
        """Phase, modifiers and what they apply to."""
        for token in self.tokens:
            if token.kind == "bad":
                raise self.error(token, "this quote is never closed", f"add another {token.text}")
        phase = self.take().text.lower() if self.comes(*PHASES) else "backward"
        modifiers: dict[str, int] = {}
        self.modifiers(modifiers)
        start = self.next
        if start.kind == "end":
            remedy = f"{EXAMPLES}; op:* stops everywhere"
            raise self.error(start, "a condition is missing", remedy)
        tree = self.alternatives()
        self.modifiers(modifiers)
        if self.next.kind != "end":
            raise self.trailing(self.next, modifiers)
        if phase == "forward" and any(isinstance(atom, Name) for atom in tree.atoms()):
            remedy = "use op:, module: or line:, or leave out 'forward'"
            raise self.error(start, "a forward op has no name that 'name:' could fit", remedy)
        return Parsed(tree, phase, modifiers)

    def modifiers(self, known: dict[str, int]) -> None:
        """Read once, ignore N and every N into `known`."""
        while self.comes(*MODIFIERS):
            token = self.take()
            word = token.text.lower()
            if word in known:
                raise self.error(token, f"'{word}' is given twice", "leave one of them out")
            known[word] = 1 if word == "once" else self.count(word)

    def count(self, word: str) -> int:
        """The whole number behind ``ignore`` or ``every``."""
        token, least = self.take(), int(word == "every")
        number = whole(token.text)
        if number is None or number < least:
            problem = f"'{word}' needs a whole number of at least {least}, got {token.shown}"
            raise self.error(token, problem, f"write for example '{word} 10'")
        return number

    def trailing(self, token: Token, modifiers: dict[str, int]) -> ConditionError:
        """Something stands behind a condition that is complete."""
        word = token.text.lower()
        if token.text == ")":
            return self.error(token, "there is no '(' for this ')'", "take it away")
        if word in PHASES:
            remedy = "it stands in front of the whole condition"
            return self.error(token, f"'{word}' comes too late", remedy)
        if modifiers:
            remedy = "once, ignore N and every N come last"
            return self.error(token, f"{token.shown} stands behind the modifiers", remedy)
        if token.kind == "sign":
            remedy = f"only {', '.join(STATISTICS)} and iter are compared"
            return self.error(token, f"{token.shown} compares nothing here", remedy)
        like = MEANT.get(word) or near(word, (*MODIFIERS, "and", "or"))
        remedy = f"did you mean '{like}'?" if like else "join conditions by 'and' or 'or'"
        return self.error(token, f"expected 'and', 'or' or the end, got {token.shown}", remedy)

    # -------------------------------------------------------------- and, or, not

    def alternatives(self) -> Tree:
        """Parts that ``or`` joins."""
        items = [self.all()]
        while self.comes("or"):
            self.take()
            items.append(self.all())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def all(self) -> Tree:
        """Parts that ``and`` joins."""
        items = [self.one()]
        while self.comes("and"):
            self.take()
            items.append(self.one())
        return items[0] if len(items) == 1 else And(tuple(items))

    def one(self) -> Tree:
        """A part that nothing joins."""
        token = self.take()
        if token.text != "(" and (token.kind, token.text.lower()) != ("word", "not"):
            return self.atom(token)
        self.depth += 1
        if self.depth > DEPTH:
            problem = f"more than {DEPTH} parentheses and nots within one another"
            raise self.error(token, problem, "write it flatter")
        tree = self.enclosed(token) if token.text == "(" else Not(self.one())
        self.depth -= 1
        return tree

    def enclosed(self, opened: Token) -> Tree:
        """What stands in parentheses."""
        tree = self.alternatives()
        before, token = self.tokens[self.position - 1], self.take()
        if token.text == ")":
            return tree
        if token.kind != "end":
            raise self.trailing(token, {})
        if before.kind == "py":
            remedy = "'py:' takes the rest of the text: put it last, outside of parentheses"
            raise self.error(opened, "this '(' is never closed", remedy)
        raise self.error(opened, "this '(' is never closed", "add a ')'")

    # -------------------------------------------------------------- atoms

    def atom(self, token: Token) -> Tree:
        """A condition that does not consist of others."""
        word = token.text.lower()
        if token.kind == "py":
            return self.python(token)
        if token.kind == "word" and word in FLAGS:
            return Flag(word)
        if token.kind == "word" and word in STATISTICS:
            return self.comparison(word)
        if token.kind == "word" and word == "iter":
            return self.iterations()
        key, colon, value = token.text.partition(":")
        if colon and key.lower() in KEYS:
            return self.keyed(key.lower(), token, value)
        found = _FILE.fullmatch(token.text)
        if found is not None and (looks_like_file(found[1]) or found[1][0] in "\"'"):
            return Line(unquoted(found[1]), *self.lines(token, "file", found[2]))
        raise self.unknown(token)

    def unknown(self, token: Token) -> ConditionError:
        """A word that means nothing, or not at this place."""
        word = token.text.lower()
        if token.kind == "sign" or decimal(word) is not None:
            remedy = "a comparison has its statistic on the left, as in 'norm > 1e3'"
            return self.error(token, f"expected a condition, got {token.shown}", remedy)
        if token.kind != "word" or word in (*JOINTS, *PHASES, *MODIFIERS):
            return self.error(token, f"expected a condition, got {token.shown}", EXAMPLES)
        like = MEANT.get(word) or self.keyed_like(token) or near(word, ALL_WORDS)
        if word[0] in "!~" and len(word) > 1:
            like = f"not {token.text[1:]}"
        remedy = f"did you mean '{like}'?" if like else EXAMPLES
        if looks_like_file(word):
            remedy = f"a file comes with a line, as in {AS_IN['file']}"
        return self.error(token, f"unknown condition {token.shown}", remedy)

    def keyed_like(self, token: Token) -> str:
        """``op:Mul`` for ``opp:Mul``."""
        key, colon, value = token.text.partition(":")
        like = near(f"{key}:", [word for word in ALL_WORDS if word[-1] == ":"]) if colon else ""
        return like and like + value

    def comparison(self, statistic: str) -> Tree:
        """``norm > 1e3``."""
        sign, token = self.sign(statistic), self.take()
        percent = statistic == "zeros" and token.text.endswith("%")
        value = decimal(token.text.rstrip("%") if percent else token.text)
        if value is None:
            problem = f"expected a number behind '{statistic} {sign}', got {token.shown}"
            raise self.error(token, problem, f"write for example '{statistic} {sign} 0.5'")
        if value != value:
            raise self.error(token, "nothing compares with NaN", "write 'nan' alone")
        value = value / 100 if percent else value
        if statistic == "zeros" and not 0 <= value <= 1:
            problem = f"'zeros' is a fraction of the elements, got {token.text}"
            raise self.error(token, problem, "write for example 'zeros > 0.9' or 'zeros > 90%'")
        return Compare(statistic, sign, value)

    def sign(self, word: str) -> str:
        """The sign of a comparison."""
        token = self.take()
        if token.text == "=":
            raise self.error(token, "'=' does not compare", "did you mean '=='?")
        if token.text not in COMPARE:
            problem = f"expected >, >=, <, <=, == or != behind '{word}', got {token.shown}"
            example = {"iter": "iter > 5 or iter:5", "zeros": "zeros > 0.9"}.get(word)
            raise self.error(token, problem, f"write for example {example or f'{word} > 1e3'}")
        return token.text

    def iterations(self) -> Tree:
        """``iter >= 5``."""
        sign, token = self.sign("iter"), self.take()
        n = whole(token.text)
        if n is None or (sign == "<" and not n):
            problem = f"expected the number of an iteration, got {token.shown}"
            raise self.error(token, problem, "they count from 0, as in 'iter >= 5'")
        if sign in ("==", "!="):
            return Iteration(n, n) if sign == "==" else Not(Iteration(n, n))
        bounds = {">": (n + 1, None), ">=": (n, None), "<": (0, n - 1), "<=": (0, n)}
        return Iteration(*bounds[sign])

    def keyed(self, key: str, token: Token, value: str) -> Tree:
        """``op:Addmm`` and its like; a space behind the colon does no harm."""
        if not value and self.next.kind == "word":
            token = self.take()
            value = token.text
        if not unquoted(value):
            raise self.error(token, f"'{key}:' needs more behind the colon", f"as in {AS_IN[key]}")
        if key in NAMED:
            return NAMED[key](unquoted(value))
        if key == "cell":
            return self.cell(token, value)
        first, last = self.lines(token, key, value)
        return Iteration(first, last) if key == "iter" else Line("", first, last)

    def cell(self, token: Token, value: str) -> Tree:
        """``cell:3:12``."""
        number, colon, lines = value.partition(":")
        cell = whole(number)
        if not cell:
            problem = f"expected the number of a cell, as in In [3], got {number!r}"
            raise self.error(token, problem, f"as in {AS_IN['cell']}")
        return Cell(cell, *(self.lines(token, "cell", lines) if colon else ()))

    def lines(self, token: Token, key: str, text: str) -> tuple[int, int]:
        """``12`` or ``12-20``."""
        found, least = _LINES.fullmatch(text), int(key != "iter")
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (-1, -1)
        if not least <= first <= last:
            problem = f"expected a whole number from {least} up, or a range of them, got {text!r}"
            raise self.error(token, problem, f"as in {AS_IN[key]}")
        return first, last

    def python(self, token: Token) -> Tree:
        """The rest of the text, compiled now so that a slip is known now."""
        source = token.text.strip()
        if not source:
            raise self.error(token, "'py:' needs an expression", f"as in {PYTHON}")
        remedy = f"write one expression over grad, grads and node, as in {PYTHON}"
        if _MODIFIERS_LAST.search(source):
            remedy = "it takes the rest of the text, so put once, ignore, every in front of it"
        elif self.depth and source.endswith(")"):
            remedy = "it takes the rest of the text: put it last, outside of parentheses"
        try:
            return Python(source)
        except SyntaxError as error:
            start = token.at + token.text.index(source[0])
            at = Token("py", "", min(start + max((error.offset or 1) - 1, 0), len(self.text)))
            raise self.error(at, f"'py:' can't be compiled ({error.msg})", remedy) from None
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise self.error(token, f"'py:' can't be compiled ({error})", remedy) from None

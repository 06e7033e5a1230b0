"""The error of a text that cannot be read: what was expected, what was found, and a caret under the place."""

from __future__ import annotations

import re
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedInput

from .errors import IllFormed
from .words import NAME

# What a person reads for a terminal of the grammar, in this order.
SPOKEN = {
    "RATIONAL": "a term", "APPLIED": "a density such as q(x)", "NAME": "a variable", "INT": "an integral",
    "LPAR": '"("', "DIFF": "a differential such as dx", "NATURAL": "a whole number", "RELATION": '"=", ">=" or "<="',
    "PLUS": '"+"', "MINUS": '"-"', "STAR": '"*"', "OVER": '"/"', "POWER": '"^"', "EQUAL": '"="', "_BARS": '"||"',
    "_BAR": '"|"', "COMMA": '","', "RPAR": '")"', "RSQB": '"]"', "RBRACE": '"}"', "LSQB": '"["',
    "SEMICOLON": '";"', "WHERE": '"where"', "$END": "the end",
}  # fmt: skip
TERMS = ("a term", "a density such as q(x)", "a variable", '"("', "an integral")
OPERATORS = ('"+"', '"-"', '"*"', '"/"', '"^"')
ENDING = ("LOG", "log", "integral", "DIFF", "OVER", "denominator")
OPENERS = {"LPAR", "LSQB", "PLUS", "MINUS", "RELATION", "EXPECTATION", "SEMICOLON"}
WIDTH = 100
# What was read, as kinds side by side: up to the exponent of a power, and up to a law that stands in a functional.
IN_EXPONENT = re.compile(r"POWER(?P<open> LPAR)?( MINUS)?(?P<number> NATURAL)?$")
LAW = r"(?:density|APPLIED LPAR names(?: _BAR names)? RPAR)"
IN_LAW = re.compile(rf"(?:(?P<of>KL|ELBO|CE|H) LPAR (?P<first>{LAW} (?:_BARS|COMMA) )?|EXPECTATION (?:{LAW} )*){LAW}$")


class Unreadable(IllFormed):
    """Text that cannot be read, or means nothing: `message`, and the place in `source`, from `start` to `end`."""

    def __init__(self, message: str, source: str, start: int = 0, end: int | None = None):
        super().__init__(message)
        self.message, self.source = message, source
        self.start = min(start, len(source))
        self.end = max(self.start + 1, min(len(source), self.start if end is None else end))

    def __str__(self) -> str:
        return f"{self.message}\n{self.picture()}"

    def picture(self) -> str:
        """The text around the place, on one line, with carets under it."""
        offset = max(0, self.start - WIDTH // 2) if len(self.source) >= WIDTH else 0  # the end may be the place
        window = "".join(c if c.isprintable() else " " for c in self.source[offset : offset + WIDTH])
        carets = "^" * (min(self.end, offset + WIDTH) - self.start)
        return f"  {window}\n  {' ' * (self.start - offset)}{carets}"


def explained(error: UnexpectedInput, source: str) -> Unreadable:
    """Lark's error in a reader's words. Lark saw the source with some characters replaced, none moved."""
    token = getattr(error, "token", None)
    if token is None:
        place = error.pos_in_stream or 0
        end = place + 1
    elif token.type == "$END":
        place = end = len(source.rstrip())
    else:
        place, end = token.start_pos, token.end_pos
    if source[place - 1 : place + 1] in ("=>", "=<"):
        place, end = place - 1, place + 1
    found = source[place:end]
    if not found:
        shown = "the end"
    else:
        shown = f'"{found}"' if found.isprintable() else f"the character {found!r}"
    parser: Any = error.interactive_parser
    kinds = [item.type if isinstance(item, Token) else str(item.data) for item in parser.parser_state.value_stack]
    expected = _expected(parser.accepts(), kinds, source[place:])
    return Unreadable(f"expected {expected}, found {shown}", source, place, end)


def _since_opener(kinds: list[str]) -> list[str]:
    """The kinds of what was read since the last bracket, sign or relation, the latest first."""
    opener = next((place for place in reversed(range(len(kinds))) if kinds[place] in OPENERS), 0)
    return kinds[opener:][::-1]


def _law_alone(history: str, rest: str) -> str:
    """What to write where a law has been read in KL, ELBO, CE, H or E, and no factor or power may follow it."""
    place = IN_LAW.search(history)
    if not place or not re.match(r"[^\W\d]|[0-9(*/·⋅×^∫+−-]", rest):
        return ""
    if place["of"] and rest[0] in "^/+-−":
        return "one law alone, such as q(x), with nothing done to it"
    if place["of"] == "KL" and place["first"]:
        return "one law alone, such as p(x); the divergence of q(x,y) from q(x) q(y) is I_q(x; y)"
    if place["of"] == "ELBO" and place["first"]:
        return "one law alone, the joint, such as p(x,z) for p(x|z) p(z)"
    if place["of"]:
        return "one law alone, such as q(x,y), with ; where q(x,y) = q(x) q(y) after the claim if it factorises"
    return "laws alone, side by side, as in E_{p(x) q(z|x)}[...]"


def _expected(allowed: set[str], stack: list[str], rest: str) -> str:
    kinds, history = _since_opener(stack), " ".join(stack)
    if rest.startswith(("=>", "=<")):
        return '">="' if rest[1] == ">" else '"<="'
    power = IN_EXPONENT.search(history)
    if power and (not power["number"] or (power["open"] and rest) or re.match(r"\.[0-9]", rest)):
        return "a whole number for an exponent, x^2 or x^-1" + (", without braces" if rest.startswith("{") else "")
    if re.match(r"\.[0-9]", rest):
        return "an exact number such as 1/2"
    if re.match(r"[<>](?!=)", rest):
        return '">=" or "<=", since no rule proves a strict inequality'
    if rest.startswith("==") or (rest.startswith("=") and kinds[:1] == ["RELATION"]):
        return 'a term, since one "=" is enough'
    if re.match(r"[<>=≥≤⩾⩽]", rest) and "WHERE" not in allowed and {"SEMICOLON", "$END"} <= allowed:
        return '"; where" before a declaration, or the end, since a claim has one relation'
    if rest.startswith(("||", "‖", "∥")) and "_BARS" not in allowed:
        return '"|" or ")": a KL divergence is written KL(q(x) || p(x))'
    if rest.startswith(";") and "_BAR" in allowed:
        return '"|" or ")": mutual information is written I_q(x; z)'
    if rest.startswith(("[", "{")) or (rest.startswith("]") and "EXPECTATION" in kinds):
        return "brackets ( ) for groups, and E_{q(x)}[...] for an expectation"
    if rest.startswith("(") and "_BAR" in allowed:
        return '"|", "," or ")": only log, f, g, h are functions, and a KL divergence is KL(q(x) || p(x))'
    alone = _law_alone(history, rest)
    if alone:
        return alone
    begins = re.match(r"[^\W\d]|[0-9(*/·⋅×^∫]", rest)
    if begins and "LPAR" not in allowed:
        last = next((kind for kind in kinds if kind in ENDING), "")
        if last in ("LOG", "log"):
            return "brackets, (log ...) ... or log(... ...): log takes one density, bracket, expectation or integral"
        if last in ("integral", "DIFF"):
            return "brackets around the integral, since nothing may follow its differential"
        if last in ("OVER", "denominator"):
            return "brackets, (a/b) c or a/(b c), since nothing may follow a quotient"
    if rest.startswith("^"):
        return "one power at a time, as in (p(x)^2)^3"
    if kinds[:1] == ["LOG"]:
        taken = re.match(rf"{NAME}|[0-9]+(\s*/\s*[0-9]+)?", rest)
        if taken:
            return f"brackets after log, log({taken[0]})"
        return "a density, a bracket, an expectation or an integral after log, as in log(2)"
    if "DIFF" in allowed and "INT" in kinds:
        return "the differential of the integral, as in int p(x) dx, with a sum or an inner integral in brackets"
    words = dict.fromkeys(word for kind, word in SPOKEN.items() if kind in allowed)
    if {"PLUS", "MINUS"} <= allowed:  # after a term, anything may follow that joins terms
        words = {"an operator": None} | {w: None for w in words if w not in TERMS and w not in OPERATORS}
    elif "RATIONAL" in allowed:
        words = {w: None for w in words if w not in TERMS[1:] and w != '"-"'}
    said = list(words)
    return ", ".join(said[:-1]) + " or " + said[-1] if len(said) > 1 else "".join(said) or "nothing more"

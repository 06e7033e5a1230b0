"""Words that mean something already: the text form refuses them as names, so that none is guessed to be a variable."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import decomposition

from .unreadable import Unreadable
from .words import WORD, spelled

INTEGRAL = "int p(x,z) dz, which is a sum where the law is discrete"
# What is written instead of a word, in any case of letters, wherever it stands.
WORDS = {
    r"ln|log|lg|ld": "log, the natural logarithm",
    r"log_?\d+|log_[abe]": "log, the natural logarithm: log(p(x))/log(2) has base 2",
    r"exp": "a term without exp, such as the logarithm of both sides",
    r"sqrt|√": "whole powers, since there is no square root",
    r"(sum|int)(_\w+)?|integral|integrate|∑": INTEGRAL,
    r"prod(_\w+)?|product|∏": "factors side by side, as in p(x) p(y)",
    r"(max|min|sup|arg_?max|arg_?min)(_\w+)?": "a term without maximum or minimum: a claim holds for all laws",
    r"inf(_\w+)?|infty|infinity|nan|∞": "a term: there is no infinity and no infimum",
    r"(var|variance)(_\w+)?": "E_{q(x)}[x^2] - (E_{q(x)}[x])^2, since variances have no name",
    r"(cov|covariance)(_\w+)?": "E_{q(x,y)}[x y] - E_{q(x)}[x] E_{q(y)}[y], since covariances have no name",
    r"(d_?)?kl(d|_\w+)?": "KL(q(x) || p(x))",
    r"elbo(_\w+)?": "ELBO(q(z), p(x,z))",
    r"const(ant)?": "a term: a claim holds for all values, so no constant is left open",
    r"for|forall|if|iff|and|or|not|when|implies": "an operator: a claim is for all laws and all values",
}
# The same before a bracket, in this very case of letters.
APPLIED = {
    r"E(_\w+)?": "E_{q(x)}[...]",
    r"H_\w+": "H(q(x))",
    r"CE_\w+": "CE(q(x), p(x))",
    r"I|MI(_\w+)?": "I_q(x; z)",
    r"JSD?|D_JS": "KL divergences, since the Jensen-Shannon divergence has no name",
    r"abs|sign|sin|cos|tan|tanh|sigmoid|softmax|softplus|relu|logit|logsumexp|log1p|expm1|erf|det|tr": (
        "log, the only function with a name: f(x), g(x), h(x) are generic"
    ),
}
# The same for a word that stands alone, unless a density has it as a variable.
ALONE = {
    "e": "an exact number",
    "pi": "an exact number",
    "E": "E_{q(x)}[...]",
    "H": "H(q(x))",
    "I": "I_q(x; z)",
    "CE": "CE(q(x), p(x))",
    "where": '"; where" before a declaration',
}
_WORDS = {re.compile(pattern, re.IGNORECASE): said for pattern, said in WORDS.items()}
_APPLIED = {re.compile(pattern): said for pattern, said in APPLIED.items()}
_NAME = re.compile(r"[^\W\d_]\w*'*")
_CALLED = re.compile(r"\s*\(")
_TENS = re.compile(r"[eE][-+]?\d+")


def check_words(source: str) -> None:
    """Raises Unreadable at the first word that is no name in the text form."""
    before, number = "", -1  # the word before, and where it began
    for match in WORD.finditer(source):
        word, start, end = match[0], *match.span()
        said = _instead(word, before, source, end)
        if said:
            raise Unreadable(f'expected {said}, found "{word}"', source, start, end)
        tens = _TENS.match(source, start) if re.fullmatch("[0-9]+", before) and number + len(before) == start else None
        if tens:
            message = f'expected an exact number, such as 1000 or 1/1000, found "{source[number : tens.end()]}"'
            raise Unreadable(message, source, number, tens.end())
        before, number = word, start


def _instead(word: str, before: str, source: str, end: int) -> str:
    """What is written instead of a word that ends there; nothing for one that may stand there."""
    if word in ("E_", "𝔼_"):
        return ""
    if word == "\\":
        return "the text form, which has no commands (log, int, theta, p_theta, >=)"
    if word[0] == "_" and before == "∫":
        return INTEGRAL
    if word == "_" and source.startswith("{", end):
        return "a subscript of letters and digits, as in p_theta or p_{theta}"
    if any(decomposition(char).startswith("<super>") for char in word):
        return "a power such as ^2"
    return _reserved(word, bool(_CALLED.match(source, end)))


@lru_cache(maxsize=4096)
def _reserved(word: str, called: bool) -> str:
    name = spelled(word)
    if name in ("log", "int") or (called and name in ("KL", "ELBO")):
        return ""
    tables = (_WORDS, _APPLIED) if called else (_WORDS,)
    said = next((said for table in tables for pattern, said in table.items() if pattern.fullmatch(name)), "")
    if said or _NAME.fullmatch(name) or not re.match(r"[^\W\d]", word):
        return said
    return "a name that begins with a letter, or a number such as 1/2"

"""Executable derivations of the ELBO and the KL divergence: prove, witness, refute.

>>> from elboproof import variables, densities, log, ELBO, KL, Eq, prove
>>> theta, D = variables("theta D")
>>> p, q = densities("p q")
>>> type(prove(Eq(log(p(D)), ELBO(q(theta), p(D, theta)) + KL(q(theta), p(theta | D))))).__name__
'Proved'
"""

from sympy import Function, Rational

from . import show as _show  # gives terms their LaTeX
from .derive import Derivation, derive
from .errors import (
    Disagreement,
    ElboproofError,
    IllFormed,
    NotAClaim,
    NotComparable,
    NoTruthValue,
    StepRejected,
)
from .exact import evaluate
from .expand import expand
from .language import (
    CE,
    ELBO,
    KL,
    E,
    Eq,
    Finite,
    Ge,
    H,
    I,
    Integral,
    Le,
    Support,
    densities,
    density,
    log,
    variables,
)
from .parse import parse_claim, parse_term
from .prove import Proved, Refuted, Undecided, prove
from .refute import Counterexample, refute
from .report import as_dict
from .tables import Table, table

latex = _show.latex

__version__ = "0.1.0"
__all__ = [
    "CE",
    "ELBO",
    "KL",
    "Counterexample",
    "Derivation",
    "Disagreement",
    "E",
    "ElboproofError",
    "Eq",
    "Finite",
    "Function",
    "Ge",
    "H",
    "I",
    "IllFormed",
    "Integral",
    "Le",
    "NoTruthValue",
    "NotAClaim",
    "NotComparable",
    "Proved",
    "Rational",
    "Refuted",
    "StepRejected",
    "Support",
    "Table",
    "Undecided",
    "as_dict",
    "densities",
    "density",
    "derive",
    "evaluate",
    "expand",
    "latex",
    "log",
    "parse_claim",
    "parse_term",
    "prove",
    "refute",
    "table",
    "variables",
]

"""The language of densities: one syntax tree, several readings.

A term speaks of abstract laws. ``p(theta | D)`` is the conditional density of the law ``p``, with respect to an
abstract base measure, so a sum and an integral are the same node. This module gathers its parts.
"""

from sympy import Rational, Tuple

from .claims import Eq, Finite, Ge, Le, Support, check_names, relation
from .divergences import CE, ELBO, KL, H, I
from .errors import IllFormed
from .foreign import to_sympy
from .terms import (
    Claim,
    Density,
    E,
    Integral,
    Log,
    Over,
    Plus,
    Power,
    Term,
    Times,
    log,
    negated,
    operand,
    split_sign,
    subterms,
)
from .variables import Given, Law, Variable, densities, density, variables

__all__ = [
    "CE",
    "ELBO",
    "KL",
    "Claim",
    "Density",
    "E",
    "Eq",
    "Finite",
    "Ge",
    "Given",
    "H",
    "I",
    "IllFormed",
    "Integral",
    "Law",
    "Le",
    "Log",
    "Over",
    "Plus",
    "Power",
    "Rational",
    "Support",
    "Term",
    "Times",
    "Tuple",
    "Variable",
    "check_names",
    "densities",
    "density",
    "log",
    "negated",
    "operand",
    "relation",
    "split_sign",
    "subterms",
    "to_sympy",
    "variables",
]

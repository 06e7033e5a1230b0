"""What a chapter has on its bench: ``from elboproof.workbench import *``.

The language and its verbs, the source's own names (variables theta, D; laws p of the model and q of the approximation),
a few more for examples, the ledger's equations, and the numeric side where NumPy is installed. A reader's browser has
none: there the names of the numeric side exist, and say so when they are used.
"""

from importlib.util import find_spec
from typing import Any, NoReturn

from sympy import Function, Rational

from . import (
    CE,
    ELBO,
    KL,
    E,
    Eq,
    Ge,
    H,
    I,
    Integral,
    Le,
    Proved,
    Refuted,
    Undecided,
    densities,
    density,
    derive,
    expand,
    log,
    prove,
    refute,
    table,
    variables,
)
from . import evaluate as _exactly
from .display import derivation_map, equation
from .families import beta_bernoulli, closed_form, dirichlet_categorical, gamma_poisson, gaussian

NUMERIC = (
    "Beta",
    "BetaBernoulli",
    "ConjugateGaussian",
    "Gamma",
    "GammaPoisson",
    "Normal",
    "Uniform",
    "bind",
    "draw_decomposition",
    "draw_densities",
    "draw_table",
    "figure",
    "interactive",
    "np",
    "standard_bindings",
    "witness",
)


class NeedsNumPy:
    """Stands for a name of the numeric side where NumPy is not installed; any use of it is an error that says so."""

    def __init__(self, name: str):
        object.__setattr__(self, "_name", name)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ModuleNotFoundError(f"{object.__getattribute__(self, '_name')} needs NumPy, which is not installed here")

    __call__ = __getattr__ = __setattr__ = __getitem__ = __iter__ = __bool__ = _refuse


if find_spec("numpy"):
    import numpy as np

    from .figures import draw_decomposition, draw_densities, draw_table, figure
    from .interactive import interactive
    from .models import Beta, BetaBernoulli, ConjugateGaussian, Gamma, GammaPoisson, Normal, Uniform
    from .numeric import Binding, bind, standard_bindings, witness
    from .numeric import evaluate as _numerically
else:
    globals().update({name: NeedsNumPy(name) for name in NUMERIC}, Binding=(), _numerically=None)

theta, D, x, y, z = variables("theta D x y z")
p, q, r = densities("p q r")
f = Function("f")


def evaluate(term: Any, on: Any, **options: Any) -> Any:
    """The value of a term, in nats: exact on a table, in floating point with its error on a binding."""
    return _numerically(term, on, **options) if isinstance(on, Binding) else _exactly(term, on, **options)


__all__ = [
    "CE",
    "ELBO",
    "KL",
    "Beta",
    "BetaBernoulli",
    "ConjugateGaussian",
    "D",
    "E",
    "Eq",
    "Function",
    "Gamma",
    "GammaPoisson",
    "Ge",
    "H",
    "I",
    "Integral",
    "Le",
    "Normal",
    "Proved",
    "Rational",
    "Refuted",
    "Undecided",
    "Uniform",
    "beta_bernoulli",
    "bind",
    "closed_form",
    "densities",
    "density",
    "derivation_map",
    "derive",
    "dirichlet_categorical",
    "draw_decomposition",
    "draw_densities",
    "draw_table",
    "equation",
    "evaluate",
    "expand",
    "f",
    "figure",
    "gamma_poisson",
    "gaussian",
    "interactive",
    "log",
    "np",
    "p",
    "prove",
    "q",
    "r",
    "refute",
    "standard_bindings",
    "table",
    "theta",
    "variables",
    "witness",
    "x",
    "y",
    "z",
]

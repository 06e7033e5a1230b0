"""Run by Pyodide before the picture of its memory is taken: load what every page needs."""

import gc
import importlib

import lark
import mpmath
import sympy
from lark.exceptions import UnexpectedInput

STANDARD = """ast builtins collections contextlib dataclasses difflib fractions functools html inspect io itertools json
keyword linecache math operator random re string textwrap traceback typing unicodedata urllib.parse"""
for name in STANDARD.split():
    importlib.import_module(name)

# What SymPy, mpmath and Lark load or compute on first use.
parser = lark.Lark('start: "a" NAME\nNAME: /[a-z]+/\n%ignore " "', parser="lalr", lexer="contextual")
parser.parse("a b")
try:
    parser.parse("a")
except UnexpectedInput as error:
    error.interactive_parser.accepts()
sympy.factorint(2209 * 2213)
sympy.latex(sympy.Symbol("theta_1"))
str(sympy.Rational(1, 3) + sympy.Symbol("x"))
mpmath.iv.prec = 200
mpmath.iv.log(mpmath.iv.mpf(3))
x, y = sympy.symbols("x y", positive=True)
sympy.simplify(sympy.digamma(x) + sympy.loggamma(y) - sympy.log(x * y))
sympy.Function("f")(x).diff(x)
del parser, x, y
gc.collect()

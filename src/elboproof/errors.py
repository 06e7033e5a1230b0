"""What can go wrong, by name. Every message says what was expected, what was found, and where."""

from __future__ import annotations


class ElboproofError(Exception):
    """Base of every error that elboproof raises on purpose."""


class IllFormed(ElboproofError, ValueError):
    """A term or claim that means nothing: refused when it is built."""


class NotAClaim(ElboproofError, TypeError):
    """`prove` was given something other than `Eq`, `Ge` or `Le` of terms."""


class NoTruthValue(ElboproofError, TypeError):
    """A verdict or a claim was used as if it were True or False."""


class StepRejected(ElboproofError, ValueError):
    """A line of a derivation that its stated rule, or any single rule, does not justify."""


class Disagreement(ElboproofError, AssertionError):
    """The prover and the exact reading contradict each other: a bug in elboproof, never in the claim."""


class NotComparable(ElboproofError, ArithmeticError):
    """Two values whose order cannot be decided: one is undefined, or an enclosure is too wide."""

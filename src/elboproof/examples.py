"""Twenty claims to start from, in the text form, each with its verdict: what is true, and the famous mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from .parse import parse_claim
from .prove import Verdict, prove

MARK = {"proved": "✓", "refuted": "✗", "undecided": "?"}


@dataclass(frozen=True)
class Example:
    """A claim, the factorisations it speaks of, and how it is decided."""

    name: str
    claim: str
    verdict: str
    where: tuple[str, ...] = ()

    def decided(self) -> Verdict:
        return prove(parse_claim(self.claim, self.where))

    @property
    def address(self) -> str:
        """What carries the claim in the address of the page that decides it."""
        parts = [f"claim={quote(self.claim, safe='')}", *(f"where={quote(line, safe='')}" for line in self.where)]
        return "#" + "&".join(parts)


_ELBO = "ELBO(q(theta), p(D,theta))"
EXAMPLES = (
    Example("The identity", f"log p(D) = {_ELBO} + KL(q(theta) || p(theta|D))", "proved"),
    Example("Its sign flipped", f"log p(D) = {_ELBO} - KL(q(theta) || p(theta|D))", "refuted"),
    Example("Its divergence swapped", f"log p(D) = {_ELBO} + KL(p(theta|D) || q(theta))", "refuted"),
    Example("The lower bound", f"log p(D) >= {_ELBO}", "proved"),
    Example("The bound upside down", f"log p(D) <= {_ELBO}", "refuted"),
    Example("The bound on the evidence itself", f"{_ELBO} <= p(D)", "proved"),
    Example("Jensen", "log E_{q(theta)}[p(D,theta)/q(theta)] >= E_{q(theta)}[log(p(D,theta)/q(theta))]", "proved"),
    Example(
        "Reconstruction minus regularisation",
        f"{_ELBO} = E_{{q(theta)}}[log p(D|theta)] - KL(q(theta) || p(theta))",
        "proved",
    ),
    Example(
        "The regulariser added", f"{_ELBO} = E_{{q(theta)}}[log p(D|theta)] + KL(q(theta) || p(theta))", "refuted"
    ),
    Example("Energy plus entropy", f"{_ELBO} = E_{{q(theta)}}[log p(D,theta)] + H(q(theta))", "proved"),
    Example("The entropy's sign flipped", f"{_ELBO} = E_{{q(theta)}}[log p(D,theta)] - H(q(theta))", "refuted"),
    Example("The posterior for the joint", f"{_ELBO} = E_{{q(theta)}}[log(p(theta|D)/q(theta))]", "refuted"),
    Example("A divergence is symmetric", "KL(q(z) || p(z)) = KL(p(z) || q(z))", "refuted"),
    Example("An entropy is never negative", "H(p(x)) >= 0", "refuted"),
    Example("Conditioning lowers entropy", "H(p(x)) >= E_{p(y)}[H(p(x|y))]", "proved"),
    Example("Cross-entropy", "CE(q(z), p(z)) = H(q(z)) + KL(q(z) || p(z))", "proved"),
    Example("The chain rule", "KL(q(x,z) || p(x,z)) = KL(q(x) || p(x)) + E_{q(x)}[KL(q(z|x) || p(z|x))]", "proved"),
    Example("The aggregate posterior", "E_{q(x)}[KL(q(z|x) || p(z))] = I_q(x; z) + KL(q(z) || p(z))", "proved"),
    Example(
        "Data processing", "I_q(x; y) >= I_q(x; z)", "proved", ("q(x,y,z) = q(x) q(y|x) q(z|y)",)
    ),
    Example(
        "Mean field splits every divergence",
        "KL(q(z1,z2) || p(z1,z2)) = KL(q(z1) || p(z1)) + KL(q(z2) || p(z2))",
        "refuted",
        ("q(z1,z2) = q(z1) q(z2)",),
    ),
)  # fmt: skip


class Gallery:
    """The examples as the book shows them: each decided anew, with a link that puts it to the prover."""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self._html(), "text/plain": str(self)}

    def _html(self) -> str:
        items = []
        for example in EXAMPLES:
            word = type(example.decided()).__name__.lower()
            where = "".join(f"; where {line}" for line in example.where)
            items.append(
                f'<li><a href="{example.address}"><strong>{escape(example.name)}</strong> '
                f'<span class="verdict {word}">{MARK[word]} {word}</span> '
                f"<code>{escape(example.claim + where, quote=False)}</code></a></li>"
            )
        return f'<ul class="elbo-examples">{"".join(items)}</ul>'

    def __str__(self) -> str:
        return "\n".join(f"{type(e.decided()).__name__:9} {e.claim}" for e in EXAMPLES)

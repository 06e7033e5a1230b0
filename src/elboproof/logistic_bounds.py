"""Bayesian logistic regression in one or two dimensions, enclosed: nothing in it has a closed form.

Lattices h Z^d in the coordinates of a Gaussian, w = m + L t, v_j the columns of L, s_i = +-x_i the signed rows, P the
prior's precision, Q = L^T P L. The trapezium rule's lemma (`enclosures`) is applied to one coordinate after the other.

**Evidence.** f(t) = p(D, m + L t) det L is positive. A shift of t_j by ib, |b| < a, multiplies the prior by
exp(b^2 Q_jj / 2) in absolute value, and each sigmoid by at most sec(b s_i.v_j / 2), since
|1 + e^(-u - ic)| >= (1 + e^-u) cos(c / 2) for |c| < pi. So M <= C_j int f, with C_j = exp(a^2 Q_jj / 2) prod_i
sec(a |s_i.v_j| / 2): the error is *relative*. With K_j = 2 C_j / (exp(2 pi a / h) - 1) the full sum S lies in
Z prod_j (1 +- K_j), so Z lies in S / prod_j (1 +- K_j).

The sum is cut by concavity: in a row (t_1 fixed) log f is concave, so the ratio of neighbours only falls, and beyond a
node with ratio rho < 1 at most rho / (1 - rho) times its value is left out. Rows beyond |t_1| > T are bounded by the
prior alone: log f(t) <= log f(0) + g.t - lambda |t|^2 / 2, g the gradient at 0 and lambda the least eigenvalue of Q
(the likelihood is log-concave), and sums of exp(|g| x - lambda x^2 / 2) over x = kh are at most
2 exp(g^2 / (2 lambda)) (h + sqrt(2 pi / lambda)) over all k, and a geometric series beyond T.

**ELBO.** f(t) = phi(t) B(t), phi standard normal, L the factor of q's covariance, B = log p(D, w) - log q(w), for which
|B(t + i b e_j)| <= k_0 + sum_k k_k t_k^2 =: k, by |t| <= (1 + t^2) / 2 and |log sigmoid(u + ic)| <= log 2 + |u| +
log sec(c/2) + |c|. So M_j <= e^(a^2/2) (k_0 + sum k_k) for the first coordinate, and, since h sum phi and
h sum t^2 phi over a lattice with h <= 1 are at most 2 (a sum of a function with humps exceeds its integral by at most h
times the sum of their heights), at most twice that summed over the nodes of the first for the second. The nodes outside
|t_j| <= T add at most what the same two sums have beyond T, by `truncation`.

**KL.** -H(q) - E_q[log p(D, w)] + log p(D), with E_q[log sigmoid(s_i.w)] the mean of log sigmoid under the law of
s_i.w, Normal(s_i.m, s_i^T S s_i): an integral over the line.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from flint import arb

from .enclosures import Growth, ball, discretisation, infinite, step, truncation, upper
from .errors import IllFormed
from .exact_laws import as_gaussian, factor_of
from .gaussians import Diagonal, Gaussian
from .regression import LogisticRegression

Vector = list[arb]
_MOST_STEPS = 20_000  # beyond it the bound on what is left out is infinite, or nearly


def _dot(a: Vector, b: Vector) -> arb:
    return sum((x * y for x, y in zip(a, b, strict=True)), arb(0))


class _Frame(NamedTuple):
    """The model in the coordinates w = m + L t, as balls."""

    d: int
    centre: Vector  # m
    columns: list[Vector]  # v_j
    rows: list[Vector]  # s_i
    at: Vector  # s_i.m
    slopes: list[Vector]  # s_i.v_j, by j
    prior: list[Vector]  # P
    offset: Vector  # m - prior mean
    q: list[Vector]  # Q
    linear: Vector  # L^T P (m - prior mean)
    start: arb  # log det L + log of the prior's density at m
    log_det: arb  # of L


def _frame(model: LogisticRegression, around: Gaussian | Diagonal) -> _Frame:
    d = model.design.shape[1]
    if d > 2:
        raise IllFormed(f"expected a LogisticRegression in one or two dimensions to enclose, found {d}")
    ball_of = lambda values: [arb(float(x)) for x in values]  # noqa: E731
    centre, rows = ball_of(around.mean), [ball_of(row) for row in model.signed]
    lower = factor_of(around, "the covariance of q")
    columns = [[lower[i, j] for i in range(d)] for j in range(d)]
    factor = factor_of(model.prior, "the prior covariance of LogisticRegression")
    half = factor.inv()
    precision = half.transpose() * half
    prior = [[precision[i, j] for j in range(d)] for i in range(d)]
    offset = [a - b for a, b in zip(centre, ball_of(model.prior.mean), strict=True)]
    pushed = [[_dot(row, column) for row in prior] for column in columns]  # P v_j
    log_det = sum((columns[j][j].log() for j in range(d)), arb(0))
    height = -_dot(offset, [_dot(row, offset) for row in prior]) / 2 - d * (2 * arb.pi()).log() / 2
    height -= sum((factor[j, j].log() for j in range(d)), arb(0))
    return _Frame(
        d,
        centre,
        columns,
        rows,
        [_dot(row, centre) for row in rows],
        [[_dot(row, column) for row in rows] for column in columns],
        prior,
        offset,
        [[_dot(column, push) for push in pushed] for column in columns],
        [_dot(offset, push) for push in pushed],
        log_det + height,
        log_det,
    )


def _tables(f: _Frame, j: int, steps: range, h: arb) -> dict[int, Vector]:
    """exp(-k h s_i.v_j) by k: the data's part of a node is a product of these."""
    return {k: [(-k * h * slope).exp() for slope in f.slopes[j]] for k in steps}


def _quadratic(f: _Frame, t: Vector) -> arb:
    """The log prior at m + L t, less its value at m."""
    return -_dot(t, [_dot(row, t) for row in f.q]) / 2 - _dot(f.linear, t)


# -- evidence ----------------------------------------------------------------------------------------------------------


def log_evidence(model: LogisticRegression, need: float) -> arb:
    """log p(D), enclosed to a relative accuracy of about exp(-need)."""
    f = _frame(model, model.laplace)
    h, relative = _steps(f, need)
    base = [(-u).exp() for u in f.at]
    exact = arb(h)

    def value(factors: list[Vector], t: Vector) -> arb:
        product = arb(1)
        for parts in zip(*factors, strict=True):
            e = parts[0]
            for part in parts[1:]:
                e = e * part
            product = product * (1 + e)
        return _quadratic(f, t).exp() / product

    # Rows along the last coordinate; the rows themselves are cut at T, where the prior alone is small enough.
    peak = value([base], [arb(0)] * f.d)
    floor = upper(peak) * arb(-need - 5).exp()
    cut, tail = _rows(f, peak, h, need)
    far = range(-cut, cut + 1)
    first = _tables(f, 0, far, exact) if f.d == 2 else {0: base}
    last = {k: [(-k * exact * slope).exp() for slope in f.slopes[-1]] for k in (0,)}
    total = arb(0)
    start = 0
    order = [*range(cut + 1), *range(-1, -cut - 1, -1)] if f.d == 2 else [0]
    for row in order:
        if row == -1:
            start = 0
        lead = [base, first[row]] if f.d == 2 else [base]
        fixed = [row * exact] if f.d == 2 else []
        seen: dict[int, arb] = {}

        def at(k: int, seen: dict[int, arb] = seen, lead: Any = lead, fixed: Any = fixed) -> arb:
            if k not in seen:
                if k not in last:
                    last[k] = [(-k * exact * slope).exp() for slope in f.slopes[-1]]
                seen[k] = value([*lead, last[k]], [*fixed, k * exact])
            return seen[k]

        # uphill first, so that both walks go down
        while at(start + 1) > at(start):
            start += 1
        while at(start - 1) > at(start):
            start -= 1
        out = arb(0)
        for way in (1, -1):
            k = start
            while not (at(k + way) < floor and at(k + way) < at(k)) and abs(k - start) < _MOST_STEPS:
                k += way
            out += _beyond(at(k + way), at(k))
        total += sum(seen.values(), arb(0)) + ball(out)
    whole = (total + ball(tail)) * exact**f.d
    for k in relative:
        whole = whole / (1 + ball(k))
    return whole.log() + f.start


def _beyond(last: arb, before: arb) -> arb:
    rho = last / before
    return last * rho / (1 - rho) if rho < 1 else infinite()


def _steps(f: _Frame, need: float) -> tuple[float, list[arb]]:
    """The step h, and the relative errors K_j that it has."""
    strips, steps = [], []
    for j in range(f.d):
        slopes = [abs(float(s.mid())) for s in f.slopes[j]]
        curve = float(f.q[j][j].mid())

        def log_growth(a: float, slopes: list[float] = slopes, curve: float = curve) -> float:
            return a * a * curve / 2 - sum(math.log(math.cos(a * s / 2)) for s in slopes)

        widest = min(math.pi / max([*slopes, 1e-3]), 4 * math.sqrt(max(need, 1.0) / curve))
        a, h = step(log_growth, widest * 0.9999, need + 1)
        strips.append(a)
        steps.append(h)
    h = min(steps)
    found = []
    for j, strip in enumerate(strips):
        a = arb(strip)
        growth = (a * a * f.q[j][j] / 2).exp()
        for slope in f.slopes[j]:
            turn = a * upper(slope)
            growth = growth / (turn / 2).cos() if turn < arb.pi() else infinite()
        found.append(discretisation(growth, a, arb(h)))
    return h, found


def _rows(f: _Frame, peak: arb, h: float, need: float) -> tuple[int, arb]:
    """How many rows to sum on each side, and what all further rows add to the sum (without h^2)."""
    if f.d == 1:
        return 0, arb(0)
    (a, b), (_, c) = f.q
    least = (a + c - ((a - c) ** 2 + 4 * b * b).sqrt()) / 2
    # the gradient of log f at 0: prior and likelihood, each sigmoid's at s_i.m
    pull = [
        upper(sum((slope / (1 + u.exp()) for slope, u in zip(f.slopes[j], f.at, strict=True)), -f.linear[j]))
        for j in range(2)
    ]
    g, low = pull[0], float(least.mid())
    cut = math.ceil((math.sqrt(2 * (need + 10) / low) + 2 * float(g.mid()) / low) / h)
    step_, edge = arb(h), arb(cut) * arb(h)

    def bound(x: arb) -> arb:
        return (g * x - least * x * x / 2).exp()

    outside = 2 * _beyond(bound(edge), bound(edge - step_))
    across = 2 * (pull[1] ** 2 / (2 * least)).exp() * (step_ + (2 * arb.pi() / least).sqrt()) / step_
    return cut, peak * outside * across


# -- ELBO and KL -------------------------------------------------------------------------------------------------------


def elbo(model: LogisticRegression, q: Any, need: float) -> arb:
    """E_q[log p(D, w) - log q(w)], enclosed, over the line or the plane."""
    f = _frame(model, as_gaussian(q, model.design.shape[1]))
    d, zero = f.d, arb(0)
    # B(t) = constant - linear.t - t^T (Q - I) t / 2 - sum_i log(1 + exp(-u_i)); log q has -log det L - |t|^2 / 2 in it
    constant = f.start + d * (2 * arb.pi()).log() / 2
    rest = [[f.q[i][j] - (1 if i == j else 0) for j in range(d)] for i in range(d)]
    plans = [_strip(f, j, need) for j in range(d)]
    h = min(1.0, *(h for _, h in plans))
    exact = arb(h)
    error, real = arb(0), _sizes(f, constant, rest, zero, 0)
    for j, (strip, _) in enumerate(plans):
        a = arb(strip)
        k0, kk = _sizes(f, constant, rest, a, j)
        m = (a * a / 2).exp() * (k0 + sum(kk, zero)) * (1 if j == 0 else 2)
        error += discretisation(m, a, exact)
    reach = math.ceil(math.sqrt(2 * (need + 12)) / h)
    error += _outside(d, real, exact, reach)
    return _weighted_sum(f, constant, rest, exact, reach) + ball(error)


def _strip(f: _Frame, j: int, need: float) -> tuple[float, float]:
    widest = min(math.pi / max([abs(float(s.mid())) for s in f.slopes[j]] + [1e-3]), 2 * math.sqrt(need)) * 0.999
    return step(lambda a: a * a / 2 + 8, widest, need)


def _sizes(f: _Frame, constant: arb, rest: list[Vector], a: arb, j: int) -> tuple[arb, Vector]:
    """(k_0, k_k): |B(t + i b e_j)| <= k_0 + sum_k k_k t_k^2 for |b| <= a."""
    k0, kk = upper(constant), [arb(0)] * f.d
    for k in range(f.d):
        half = upper(f.linear[k]) / 2  # |linear_k| y, y = |t_k| + a, y <= (1 + y^2) / 2
        k0, kk[k] = k0 + half, kk[k] + half + sum((upper(r) for r in rest[k]), arb(0)) / 2
        for slope in f.slopes[k]:
            k0, kk[k] = k0 + upper(slope) / 2, kk[k] + upper(slope) / 2
    for u, slope in zip(f.at, f.slopes[j], strict=True):
        turn = a * upper(slope)
        if not turn < arb.pi():
            return infinite(), kk
        k0 += arb(2).log() + upper(u) - (turn / 2).cos().log() + turn
    return k0 + 2 * a * a * sum(kk, arb(0)), [2 * k for k in kk]  # y^2 <= 2 t^2 + 2 a^2


def _outside(d: int, sizes: tuple[arb, Vector], h: arb, reach: int) -> arb:
    """What the nodes with some |t_j| > reach h add to h^d sum phi |B|."""
    k0, kk = sizes

    def phi(t: arb) -> arb:
        return (-t * t / 2).exp() / (2 * arb.pi()).sqrt()

    edge = reach * h
    last, before, zero = phi(edge), phi(edge - h), arb(0)
    plain = 2 * truncation(last, before, h, Growth(arb(1), zero, zero, zero))
    square = 2 * truncation(last, before, h, Growth(edge**2, 2 * edge, arb(1), zero))
    whole = arb(2) if d == 2 else arb(1)
    total = arb(0)
    for j in range(d):
        total += plain * whole * (k0 + sum((k for i, k in enumerate(kk) if i != j), zero)) + square * whole * kk[j]
    return total


def _weighted_sum(f: _Frame, constant: arb, rest: list[Vector], h: arb, reach: int) -> arb:
    """h^d sum over the box of phi(t) B(t)."""
    steps = range(-reach, reach + 1)
    nodes = {k: k * h for k in steps}
    phi = {k: (-(nodes[k] ** 2) / 2).exp() for k in steps}
    tables = [_tables(f, j, steps, h) for j in range(f.d)]
    base = [(-u).exp() for u in f.at]
    total = arb(0)
    for row in steps if f.d == 2 else [0]:
        lead = [a * b for a, b in zip(base, tables[0][row], strict=True)] if f.d == 2 else base
        part = arb(0)
        for k in steps:
            product = arb(1)
            for a, b in zip(lead, tables[-1][k], strict=True):
                product = product * (1 + a * b)
            t = nodes[k]
            if f.d == 2:
                x = nodes[row]
                form = (rest[0][0] * x * x + 2 * rest[0][1] * x * t + rest[1][1] * t * t) / 2
                form += f.linear[0] * x + f.linear[1] * t
            else:
                form = rest[0][0] * t * t / 2 + f.linear[0] * t
            part += phi[k] * (constant - form - product.log())
        total += part * phi[row] if f.d == 2 else part
    return total * (h / (2 * arb.pi()).sqrt()) ** f.d


def kl(model: LogisticRegression, q: Any, evidence: arb, need: float) -> arb:
    """KL(q || posterior), given an enclosure of log p(D)."""
    f = _frame(model, as_gaussian(q, model.design.shape[1]))
    entropy = f.log_det + f.d * ((2 * arb.pi()).log() + 1) / 2
    trace = sum((f.q[j][j] for j in range(f.d)), arb(0))
    mean = f.start - f.log_det - trace / 2  # E_q of the log prior
    for i, u in enumerate(f.at):
        sd = sum((f.slopes[j][i] ** 2 for j in range(f.d)), arb(0)).sqrt()
        mean += _mean_log_sigmoid(u, sd, need)
    return evidence - entropy - mean


def _mean_log_sigmoid(mean: arb, sd: arb, need: float) -> arb:
    """E[log sigmoid(u)] for u ~ Normal(mean, sd^2): the rule on phi(t) log sigmoid(mean + sd t)."""
    size, zero = upper(sd), arb(0)
    widest = min(math.pi / max(float(size.mid()), 1e-3), 2 * math.sqrt(need)) * 0.999
    strip, h = step(lambda a: a * a / 2 + 4, widest, need)
    h = min(h, 1.0)
    a, exact = arb(strip), arb(h)
    turn = a * size
    flat = arb(2).log() + upper(mean)
    m = (a * a / 2).exp() * (flat + size - (turn / 2).cos().log() + turn) if turn < arb.pi() else infinite()
    reach = math.ceil(math.sqrt(2 * (need + 8)) / h)
    total = arb(0)
    for k in range(-reach, reach + 1):
        t = k * exact
        total -= (-t * t / 2).exp() * (-(mean + sd * t)).exp().log1p()
    edge = reach * exact
    ends = [(-(x * x) / 2).exp() for x in (edge, edge - exact)]
    left_out = 2 * truncation(ends[0], ends[1], exact, Growth(flat + size * edge, size, zero, zero))
    root = (2 * arb.pi()).sqrt()
    return (exact * total + ball(left_out)) / root + ball(discretisation(m, a, exact))

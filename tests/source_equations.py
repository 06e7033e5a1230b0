"""The source's numbered equations as claims, written out here by hand, as an oracle apart from the ledger."""

from sympy import Function

from elboproof.language import ELBO, KL, E, Eq, Ge, Integral, Le, densities, log, variables

theta, D = variables("theta D")
p, q = densities("p q")
f = Function("f")

lik, prior, joint, post, ev, qq = p(D | theta), p(theta), p(D, theta), p(theta | D), p(D), q(theta)
gap, elbo = KL(qq, post), ELBO(qq, joint)
mean_log_ratio = E(log(joint / qq), qq)

EQUATIONS = {
    1: Eq(post, lik * prior / ev),
    2: Eq(ev, Integral(lik * prior, theta)),
    3: Eq(gap, Integral(qq * log(qq / post), theta)),
    4: Eq(log(ev), mean_log_ratio + gap),
    5: Eq(log(ev), elbo + gap),
    6: Le(elbo, log(ev)),
    7: Eq(log(ev), log(Integral(qq / qq * lik * prior, theta))),
    8: Eq(log(ev), log(Integral(qq * (lik * prior / qq), theta))),
    9: Eq(log(ev), log(E(lik * prior / qq, qq))),
    10: Ge(log(E(lik * prior / qq, qq)), E(log(lik * prior / qq), qq)),
    11: Eq(elbo, mean_log_ratio),
    12: Ge(log(ev), elbo),
    13: Eq(log(ev), mean_log_ratio + (log(ev) - mean_log_ratio)),
    14: Eq(gap, E(log(qq / post), qq)),
    15: Eq(log(post), log(joint) - log(ev)),
    16: Eq(log(qq / post), log(qq / joint) + log(ev)),
    17: Eq(gap, -mean_log_ratio + log(ev)),
    18: Eq(log(ev), mean_log_ratio + gap),
    19: Eq(E(f(theta), qq), Integral(qq * f(theta), theta)),
    20: Eq(elbo, E(log(lik), qq) - KL(qq, prior)),
    22: Eq(elbo, log(ev) - gap),
    23: Eq(mean_log_ratio, E(log(joint), qq) - E(log(qq), qq)),
    24: Eq(log(joint), log(lik) + log(prior)),
    26: Eq(gap, E(log(qq / post), qq)),
    27: Eq(log(ev), elbo + gap),
    28: Eq(gap, log(ev) - elbo),
    29: Eq(elbo, E(log(joint), qq) - E(log(qq), qq)),
}

"""The text form, for a person: what `elboproof prove --help` shows, and of it what the page that proves does."""

LANGUAGE = """\
the text form of a claim: TERM = TERM, TERM >= TERM or TERM <= TERM

  p(D)  p(D,theta)  p(theta|D)  densities: marginals, joints and conditionals
                                of the law p
  log p(D)  log(p(D)/q(D))      the natural logarithm takes one density, one
                                bracket, one expectation or one integral
  int p(x|z) p(z) dz            an integral, or a sum, up to its differentials
  E_{q(theta)}[...]             expectation; several measures multiply:
                                E_{p(x) q(z|x)}[...]
  KL(q(theta) || p(theta|D))    Kullback-Leibler divergence
  ELBO(q(theta), p(D,theta))    evidence lower bound
  H(q(theta))  CE(q(z), p(z))   entropy, cross-entropy
  I_q(x; z)  I_q(x; z | y)      mutual information under the law q
  a + b  a - b  2 a  a b  a*b  a/b  a^2  1/2
                                side by side is a product; a power binds
                                first, then a product, then a sum; a log, an
                                integral and a quotient end their product, so
                                that what could be read in two ways asks for
                                brackets:
                                (log p(x)) q(x) or log(p(x) q(x)),
                                (a/b) c or a/(b c)

  Names are letters, digits, subscripts and primes: p_theta, q_phi, x_0, z1,
  x'. A name applied to variables is a density, except f, g, h (also f_1, g',
  h2), which are generic functions unless the claim uses them as densities.
  A variable alone is its value: E_{q(x)}[x]. Greek letters and signs may be
  typed: θ is theta, also ≥ ≤ ‖ ∣ ∫ − ·
  Words that mean something elsewhere (ln, exp, sum, max, KL, ELBO, ...) are
  no names, nor is a lone e, pi, E, H, I.

structure of a law, declared beside the claim:

  q(z1,z2) = q(z1) q(z2)                 mean field
  q(x0,x1,x2) = q(x0) q(x1|x0) q(x2|x1)  a Markov chain
  q(z1,z2|x) = q(z1|x) q(z2|x)           given a variable whose own law stays
                                         free
"""

GUIDE = f"""\
{LANGUAGE}
structure goes into --where (repeatable), or after the claim: CLAIM ; where q(z1,z2) = q(z1) q(z2)

a file, with --file: a claim a line, each with its structure; empty lines and lines that begin with # are left out

JSON, with --json: verdict (null for what is not readable), claim, steps, conditions, counterexample, reason, and for
what is not readable position, its place in the claim; of a counterexample laws (variables, probabilities), values (of
generic functions), measure (counting or weighted), weights (of each state in the base measure), at (the states of the
free variables), left and right (exact and decimal)

in a notebook: %load_ext elboproof.magic, then %%prove on the first line of a cell with a claim a line

exit status: 0 proved, 1 refuted, 2 undecided, 3 not readable or not well-formed, 4 a fault of elboproof itself;
with --file the highest of its lines.

examples:

  elboproof prove "log p(D) = ELBO(q(theta), p(D,theta)) + KL(q(theta) || p(theta|D))"
  elboproof prove "H(p(x)) >= 0"
  elboproof prove "I_q(x; z | y) = 0" --where "q(x,y,z) = q(x) q(y|x) q(z|y)"
  elboproof prove --file claims.txt --json
"""

// The identity (5): q moves, ELBO and KL trade, log p(D) stands still. Each of the three is computed on its own.
ElboFigures.register("identity", (live) => {
  const { Area, make, set, number, sharing } = ElboFigures;
  const { n, sum, squares, sigma, prior, posterior, evidence, span } = live.data;
  const LOG_2PI = Math.log(2 * Math.PI);

  /** E_q[log p(D|theta)] + E_q[log p(theta)] + H(q), by the moments of q = Normal(m, s). */
  function elbo(m, s) {
    const errors = squares - 2 * m * sum + n * (m * m + s * s);
    const fit = -0.5 * n * (LOG_2PI + 2 * Math.log(sigma)) - errors / (2 * sigma * sigma);
    const [mean, sd] = prior;
    const near = -0.5 * LOG_2PI - Math.log(sd) - ((m - mean) ** 2 + s * s) / (2 * sd * sd);
    return fit + near + 0.5 * (LOG_2PI + 1) + Math.log(s);
  }
  /** KL(Normal(m, s) || posterior). */
  function divergence(m, s) {
    const [mean, sd] = posterior;
    return Math.max(0, Math.log(sd / s) + (s * s + (m - mean) ** 2) / (2 * sd * sd) - 0.5);
  }
  const density = (m, s) => (t) => Math.exp(-0.5 * ((t - m) / s) ** 2 - 0.5 * LOG_2PI) / s;

  const [centre, scale] = posterior;
  const ends = [centre - 4 * scale, centre + 4 * scale];
  const top = new Area({ left: 14, right: 346, top: 26, bottom: 146 }, ends, [0, 1.8 * density(centre, scale)(centre)]);
  const line = new Area({ left: 14, right: 346, top: 202, bottom: 226 }, [evidence - span, evidence + 0.4], [0, 1]);
  const { svg } = live;
  live.legend([["line c1", "posterior"]], 18, 12);
  live.legend([["line c2 dash2", "q, to be dragged"]], 118, 12);
  const ticks = [];
  for (let t = Math.ceil(ends[0]); t <= ends[1]; t++) ticks.push(t);
  top.axisX(svg, ticks, "θ");
  make(svg, "path", { d: top.curve(density(centre, scale)), class: "line c1" });
  const curve = make(svg, "path", { class: "line c2 dash2" });
  live.clip(top, curve);

  for (let t = Math.ceil(evidence - span); t < evidence; t++) {
    make(svg, "path", { d: `M${line.x(t)} ${line.top}v-4`, class: "tick" });
    if (t < evidence - 2.2) make(svg, "text", { x: line.x(t), y: line.top - 8, class: "middle" }, number(t, 0));
  }
  const rule = { y: line.top, height: line.bottom - line.top };
  const bound = make(svg, "rect", { ...rule, x: line.left, class: "fill1 edge" });
  const gap = make(svg, "rect", { ...rule, fill: live.hatch("hatch", "M-1 1l2 -2M0 6l6 -6M5 7l2 -2"), class: "edge" });
  make(svg, "path", { d: `M${line.x(evidence)} ${line.top - 10}V${line.bottom + 8}`, class: "line c2" });
  const total = make(svg, "text", { x: 346, y: line.top - 15, class: "end strong" });
  const below = make(svg, "text", { y: line.bottom + 17, class: "strong" });
  const between = make(svg, "text", { x: 346, y: line.bottom + 34, class: "end strong" });
  const beyond = make(svg, "text", { x: line.left, y: line.bottom + 17 });
  const marker = make(svg, "path", { class: "tick" });

  const moveMean = live.handle("dot2", (x) => live.put("mean", top.atX(x)));
  const moveWidth = live.handle("ring2", (x) => live.put("sd", Math.abs(top.atX(x) - live.get("mean"))));

  return () => {
    const m = live.get("mean");
    const s = live.get("sd");
    const low = elbo(m, s);
    const rest = divergence(m, s);
    const [boundText, restText, totalText] = sharing(low, rest);
    live.output("mean", number(m, 2));
    live.output("sd", number(s, 2));
    live.show("elbo", boundText);
    live.show("kl", restText);
    live.show("evidence", totalText);

    const q = density(m, s);
    set(curve, { d: top.curve(q, 240) });
    moveMean(top.x(m), Math.max(top.top, top.y(q(m))));
    // a narrow q leaves the picture at its top: the handle of its width hangs below that of its mean
    moveWidth(Math.min(top.right, top.x(m + s)), Math.max(top.top + 30, top.y(q(m + s))), top.x(m + s));

    const off = low < evidence - span;
    const at = Math.max(line.left, line.x(low));
    set(bound, { width: at - line.left });
    set(gap, { x: at, width: Math.max(0, line.x(evidence) - at) });
    set(marker, { d: off ? "" : `M${at} ${line.bottom}v5` });
    total.textContent = `log p(D) = ${totalText}`;
    below.textContent = off ? "" : `ELBO = ${boundText}`;
    set(below, { x: Math.min(at, 290), class: at > 60 ? "strong middle" : "strong" });
    beyond.textContent = off ? `◂ ELBO = ${boundText}, off to the left` : "";
    between.textContent = `KL = ${restText}`;

    // The KL divergence is a part for the shift and a part for the width; the larger one names the fault.
    const shift = (m - centre) ** 2 / (2 * scale * scale);
    const where = shift >= rest - shift ? "beside" : s > scale ? "wider than" : "narrower than";
    live.says(
      rest < 1e-12
        ? "q is the posterior: nothing is left for the KL divergence, and the bound is tight."
        : `Here q is ${where} the posterior: what the KL divergence takes, the ELBO lacks.`,
      `ELBO ${boundText} plus KL ${restText} is log p(D), ${totalText} nats.`,
    );
  };
});

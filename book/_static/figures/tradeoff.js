// Reconstruction against KL: a point for each beta, and through the chosen one the line of slope beta. Where that line
// meets KL = 0 stands the objective, reconstruction - beta KL; at beta = 1 it is the ELBO.
ElboFigures.register("tradeoff", (live) => {
  const { Area, make, set, number, sharing, apart } = ElboFigures;
  const { rows, low, high, evidence, average, digits = 3, shown = [], drawn = [] } = live.data;
  const PITCH = 40; // of the images below
  const nats = (value) => number(value, digits);
  const { svg } = live;
  const known = evidence !== undefined;
  const most = 1.06 * Math.max(...rows.map(([, , kl]) => kl));
  const area = new Area({ left: 58, right: 348, top: 10, bottom: live.height - 34 - (shown.length ? 2 * PITCH + 6 : 0) }, [0, most], [low, high]);

  /** About five round steps between two numbers. */
  function ticks(from, to) {
    const rough = (to - from) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough);
    const out = [];
    for (let i = Math.ceil(from / step); i * step <= to; i++) out.push(i * step);
    return [out, Math.max(0, -Math.floor(Math.log10(step)))];
  }
  const [across, digitsX] = ticks(0, most);
  const [up, digitsY] = ticks(low, high);
  area.axisX(svg, across, "KL(q ‖ prior), nats", digitsX);
  area.axisY(svg, up, "reconstruction, nats", digitsY, 11); // a ring on the axis covers no number
  if (known) make(svg, "path", { d: area.path([[0, evidence], [most, evidence]]), class: "line c3 dash3" });
  const points = rows.map(([, fit, kl]) => [kl, fit]).sort((a, b) => a[0] - b[0]);
  make(svg, "path", { d: area.path(points), class: "line c1" });
  for (const [kl, fit] of points) make(svg, "circle", { cx: area.x(kl), cy: area.y(fit), r: 3.5, class: "dot1" });
  const slope = make(svg, "path", { class: "line c2 dash2" });
  const foot = make(svg, "path", { class: "fill2 edge" });
  const wording = [["line c1", average ? "trained with each β" : "the best q for each β"], ["line c2 dash2", "slope β: ends at the objective"]];
  if (known) wording.push(["line c3 dash3", "log p(D)"]);
  live.legend(wording, area.left + 72, area.bottom - 12 - 16 * (wording.length - 1));

  // Below, some images and what the model of the chosen beta makes of them.
  const size = 0.87 * PITCH;
  const margin = (360 - shown.length * PITCH + PITCH - size) / 2;
  const under = shown.map((image, i) => {
    const side = Math.sqrt(image.length);
    live.image(margin + i * PITCH, live.height - 2 * PITCH, size, side)([...image].map((tone) => tone / 9));
    return live.image(margin + i * PITCH, live.height - PITCH, size, side);
  });

  const nearest = (x, y) => {
    const away = rows.map(([, fit, kl]) => (area.x(kl) - x) ** 2 + (area.y(fit) - y) ** 2);
    return away.indexOf(Math.min(...away));
  };
  const choose = live.handle("ring2", (x, y) => live.put("beta", nearest(x, y)));

  return () => {
    const [beta, fit, kl] = rows[live.get("beta")];
    const objective = fit - beta * kl;
    live.output("beta", String(beta));
    const [gain, charge, bound] = sharing(fit, -kl, digits);
    live.show("fit", gain);
    live.show("kl", charge.replace("\u2212", ""));
    live.show("objective", nats(objective));
    live.show("elbo", bound);
    under.forEach((put, i) => put([...drawn[live.get("beta")][i]].map((tone) => tone / 9)));
    const end = Math.min(most, kl + 0.25 * most, (high - objective) / beta);
    const start = Math.max(0, (low - objective) / beta); // an objective below the picture is not drawn
    const last = Math.max(end, kl);
    set(slope, { d: area.path([[start, objective + beta * start], [last, objective + beta * last]]) });
    const y = Math.min(area.bottom + 6, area.y(objective));
    set(foot, { visibility: objective < low ? "hidden" : "visible", d: `M${area.left - 5} ${y}l5 -5 5 5 -5 5z` });
    choose(area.x(kl), area.y(fit));
    const off = apart(nats(objective), bound, digits);
    const over = known && objective > evidence;
    const what =
      beta === 1
        ? "The objective is the ELBO, a lower bound on log p(D) whatever q is."
        : beta > 1
          ? `The objective is ${off} nats below the ELBO of this q: still a lower bound on log p(D), and a looser one.`
          : `The objective is ${off} nats above the ELBO of this q` +
            (over ? `, and above log p(D) by ${apart(nats(objective), nats(evidence), digits)}: it is no bound.` : ": nothing keeps it below log p(D).");
    live.says(what + (average ? ` (${average})` : ""), `β ${beta}: reconstruction ${nats(fit)}, KL ${nats(kl)}.`);
  };
});

// Support: a uniform q slides across the ends of a posterior on (0, 1). What (9), (5) and (12) say of it, in closed form.
ElboFigures.register("support", (live) => {
  const { Area, make, set, number, sharing } = ElboFigures;
  const { posterior, prior, evidence } = live.data;
  const { svg } = live;
  const [a, b] = posterior;

  const logFactorial = (n) => { let sum = 0; for (let k = 2; k <= n; k++) sum += Math.log(k); return sum; };
  const logBeta = (s, t) => logFactorial(s - 1) + logFactorial(t - 1) - logFactorial(s + t - 1);
  /** P(theta <= t) of Beta(a, b) with whole a and b: the chance of a or more successes in a + b - 1 trials. */
  function below(t) {
    const n = a + b - 1;
    let sum = 0;
    for (let k = a; k <= n; k++) {
      sum += Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k)) * t ** k * (1 - t) ** (n - k);
    }
    return sum;
  }
  const xlogx = (t) => (t > 0 ? t * Math.log(t) : 0);
  const density = (t) => (t <= 0 || t >= 1 ? 0 : Math.exp((a - 1) * Math.log(t) + (b - 1) * Math.log(1 - t) - logBeta(a, b)));

  /** The mean under q, uniform on (low, high) within (0, 1), of (a - 1) log t + (b - 1) log(1 - t). */
  function meanLog(low, high) {
    const first = xlogx(high) - high - (xlogx(low) - low);
    const last = -(xlogx(1 - high) - (1 - high)) + (xlogx(1 - low) - (1 - low));
    return ((a - 1) * first + (b - 1) * last) / (high - low);
  }
  function values(low, high) {
    const width = high - low;
    const mass = Math.max(0, below(Math.min(1, Math.max(0, high))) - below(Math.min(1, Math.max(0, low))));
    const nine = evidence + Math.log(low <= 0 && high >= 1 ? 1 : mass);
    if (low < 0 || high > 1) return { mass, nine, elbo: -Infinity, kl: Infinity };
    const mean = meanLog(low, high);
    const elbo = mean - logBeta(...prior) + Math.log(width);
    return { mass, nine, elbo, kl: -Math.log(width) - mean + logBeta(a, b) };
  }

  const area = new Area({ left: 40, right: 348, top: 12, bottom: live.height - 34 }, [-0.6, 1.6], [0, 4]);
  area.axisX(svg, [-0.5, 0, 0.5, 1, 1.5], "θ", 1);
  area.axisY(svg, [0, 1, 2, 3, 4], "density");
  const dots = live.hatch("missed", "M1 1h1.4M4 4h1.4");
  const lines = live.hatch("outside", "M-1 1l2 -2M0 6l6 -6M5 7l2 -2");
  const missed = [0, 1].map(() => make(svg, "path", { class: "pale", fill: "none" }));
  const dotted = [0, 1].map(() => make(svg, "path", { fill: dots }));
  const outside = [0, 1].map(() => make(svg, "rect", { fill: lines }));
  for (const path of missed) set(path, { class: "fill1 pale" });
  const curve = Array.from({ length: 121 }, (_, i) => i / 120).map((t) => [t, density(t)]);
  make(svg, "path", { d: area.path([[-0.6, 0], ...curve, [1.6, 0]]), class: "line c1" });
  const box = make(svg, "path", { class: "line c2 dash2" });
  live.clip(area, box);
  const further = make(svg, "path", { class: "fill2" }); // q goes on beyond the picture
  live.legend([["line c1", "posterior"], ["line c2 dash2", "uniform q"]], area.left + 10, 16);
  const key = make(svg, "g", { class: "legend" });
  make(key, "rect", { x: area.left + 10, y: 44, width: 22, height: 11, class: "fill1 pale" });
  make(key, "rect", { x: area.left + 10, y: 44, width: 22, height: 11, fill: dots, class: "edge" });
  make(key, "text", { x: area.left + 38, y: 54 }, "missed by q");
  make(key, "rect", { x: area.left + 10, y: 61, width: 22, height: 11, fill: lines, class: "edge" });
  make(key, "text", { x: area.left + 38, y: 71 }, "q where p is 0");
  const inside = area.right - 8; // where a handle is whole
  const slide = live.handle("dot2", (x) => live.put("low", area.atX(x) - live.get("width") / 2));
  const widen = live.handle("ring2", (x) => live.put("width", area.atX(x) - live.get("low")));

  function under(low, high) {
    if (high <= low) return "";
    const points = Array.from({ length: 41 }, (_, i) => low + ((high - low) * i) / 40).map((t) => [t, density(t)]);
    return area.path([[low, 0], ...points, [high, 0]]) + "Z";
  }

  return () => {
    const low = live.get("low");
    const high = Math.round(1000 * (low + live.get("width"))) / 1000; // as decimals, so that 0.3 + 0.7 is 1
    const { mass, nine, elbo, kl } = values(low, high);
    const tall = 1 / (high - low);
    live.output("low", number(low, 2));
    live.output("width", number(high - low, 2));
    const [boundText, restText, sumText] = sharing(elbo, kl);
    live.show("evidence", number(evidence));
    live.show("nine", number(nine));
    live.show("elbo", boundText);
    live.show("kl", restText);
    live.show("five", sumText);

    const ends = high > 1.6 ? [[1.6, tall]] : [[high, tall], [high, 0], [1.6, 0]];
    set(box, { d: area.path([[-0.6, 0], [low, 0], [low, tall], ...ends]) });
    const level = Math.max(area.top, area.y(tall));
    set(further, { d: high > 1.6 ? `M${area.right + 1} ${level - 5}l9 5 -9 5z` : "" });
    const pieces = [under(0, Math.min(1, Math.max(0, low))), under(Math.min(1, Math.max(0, high)), 1)];
    pieces.forEach((d, i) => [missed, dotted].forEach((layer) => set(layer[i], { d })));
    [[low, Math.min(high, 0)], [Math.max(low, 1), Math.min(high, 1.6)]].forEach(([from, to], i) => {
      const there = to > from;
      const top = Math.max(area.top, area.y(tall));
      set(outside[i], { x: there ? area.x(from) : 0, width: there ? area.x(to) - area.x(from) : 0, y: top, height: area.bottom - top });
    });
    const middle = area.x((low + high) / 2);
    slide(Math.min(inside, middle), level, middle);
    widen(Math.min(inside, area.x(high)), area.y(Math.min(4, tall) / 2), area.x(high));

    const covers = low <= 0 && high >= 1;
    const within = low >= 0 && high <= 1;
    const nineSays = covers ? "(9) is true" : mass > 0 ? "(9) is false: it sees only part of the evidence" : "(9) is false: it sees none of the evidence";
    const fiveSays = within ? "(5) is true" : "(5) reads −∞ + ∞, which is no number";
    const twelve = within ? "The bound (12) is true" : "The bound (12) is true, and useless: −∞";
    live.says(`${nineSays}; ${fiveSays}. ${twelve}.`, `log p(D) ${number(evidence)}; log mean weight ${number(nine)}; ELBO ${boundText}; KL ${restText}.`);
  };
});

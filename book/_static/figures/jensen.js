// Jensen (10): weights move on the curve of the logarithm; their chord, or the hull of several, hangs below it.
ElboFigures.register("jensen", (live) => {
  const { Area, make, set, number, sharing, apart } = ElboFigures;
  const { two, many, high, lowest } = live.data;
  const { svg } = live;
  const most = Math.max(two.length, many.length);
  const area = new Area({ left: 46, right: 348, top: 10, bottom: live.height - 34 }, [-0.06, 1.05 * high], [lowest, 0.9]);
  const wide = area.right - area.left;
  area.axisX(svg, [0, 0.5, 1, 1.5, 2].filter((t) => t <= high), "weight w", 1);
  area.axisY(svg, [-3, -2, -1, 0], "nats");
  const log = Array.from({ length: 161 }, (_, i) => Math.exp(lowest + ((Math.log(1.05 * high) - lowest) * i) / 160));
  make(svg, "path", { d: area.path(log.map((w) => [w, Math.log(w)])), class: "line c1" });
  live.legend(
    [["line c1", "log w"], ["line c2 dash2", "between the weights"], ["line c3 thick", "the gap"], ["line ink dash3", "its estimate"]],
    area.left + 0.5 * wide, area.bottom - 62,
  );
  const hull = make(svg, "path", { class: "line c2 dash2 fill2 pale" });
  const cliff = make(svg, "path", { class: "line c2 dash2" });
  const second = make(svg, "path", { class: "line ink dash3" });
  const gapLine = make(svg, "path", { class: "line c3 thick" });
  const above = make(svg, "circle", { r: 4, class: "fill3 edge" });
  const below = make(svg, "circle", { r: 4, class: "fill3 edge" });
  const handles = Array.from({ length: most }, (_, i) => live.handle("dot2", (x) => live.put(`w${i + 1}`, area.atX(x))));
  const groups = [...svg.querySelectorAll(".handle")];
  let shown = "";

  /** The side of the picture that reads from the mean weight up: each of the four numbers, in nats. */
  function sides(weights, shares) {
    const mean = weights.reduce((sum, w, i) => sum + shares[i] * w, 0);
    const logs = weights.reduce((sum, w, i) => sum + (shares[i] > 0 ? shares[i] * Math.log(w) : 0), 0);
    const spread = weights.reduce((sum, w, i) => sum + shares[i] * (w - mean) ** 2, 0);
    return [mean, Math.log(mean), logs, spread / (2 * mean * mean)];
  }

  return () => {
    const count = Number(live.get("count"));
    if (shown !== String(count)) {
      if (shown) (count === 2 ? two : many).forEach((w, i) => live.put(`w${i + 1}`, w));
      shown = String(count);
      for (let i = 3; i <= most; i++) live.row(`w${i}`, i <= count);
      live.row("share", count === 2);
      groups.forEach((group, i) => group.setAttribute("visibility", i < count ? "visible" : "hidden"));
    }
    const weights = Array.from({ length: count }, (_, i) => live.get(`w${i + 1}`));
    const first = live.get("share");
    const shares = count === 2 ? [first, 1 - first] : weights.map(() => 1 / count);
    weights.forEach((w, i) => live.output(`w${i + 1}`, number(w, 2)));
    live.output("share", number(first, 2));
    const [mean, evidence, elbo, estimate] = sides(weights, shares);
    const gap = evidence - elbo < 0 && evidence - elbo > -1e-12 ? 0 : evidence - elbo;
    const [low, rest, high_] = sharing(elbo, gap);
    live.show("evidence", Number.isFinite(elbo) ? high_ : number(evidence));
    live.show("elbo", low);
    live.show("gap", Number.isNaN(gap) ? "undefined" : rest);
    live.show("second", number(estimate));

    const floor = (v) => (Number.isFinite(v) ? v : lowest);
    const points = weights.map((w) => [w, Math.log(w)]).sort((a, b) => a[0] - b[0]);
    weights.forEach((w, i) => handles[i](area.x(w), area.y(Math.max(lowest, floor(Math.log(w))))));
    // A zero weight has no point on the curve: from every other point the hull falls straight down beside it.
    const finite = points.filter(([w]) => w > 0);
    set(hull, { d: finite.length ? area.path(finite) + (finite.length > 2 ? "Z" : "") : "" });
    const lost = finite.length > 0 && weights.some((w, i) => w === 0 && shares[i] > 0);
    set(cliff, { d: lost ? `M${area.x(finite[0][0])} ${area.y(finite[0][1])}V${area.bottom}` : "" });
    const at = area.x(mean);
    const up = area.y(floor(evidence));
    const down = area.y(Math.max(lowest, floor(elbo)));
    set(gapLine, { d: `M${at} ${up}V${down}` });
    set(above, { cx: at, cy: up });
    set(below, { cx: at, cy: down, visibility: elbo < lowest ? "hidden" : "visible" });
    set(second, { d: Number.isNaN(estimate) ? "" : `M${at + 7} ${up}V${Math.min(area.bottom, area.y(evidence - estimate))}m-4 0h8` });

    const off = apart(rest, number(estimate));
    const verdict = !Number.isFinite(gap)
      ? Number.isNaN(gap)
        ? "Every weight is zero: both sides are −∞, and the gap between them is no number."
        : "A weight is zero: the mean of the logs is −∞, so the gap is infinite. Its estimate does not notice."
      : Number(off) === 0
        ? gap < 1e-12
          ? "The weights that count are equal: nothing is lost."
          : "The estimate is right to three decimals."
        : `The estimate is too ${estimate < gap ? "small" : "large"}, by ${off} nats.`;
    const numbers = `The gap is ${rest} nats, its second-order estimate ${number(estimate)}.`;
    live.says(verdict, numbers);
  };
});

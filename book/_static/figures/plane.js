// The latent plane: the decoder runs here, at every move. Its weights come in half precision, layer by layer.
ElboFigures.register("plane", (live) => {
  const { Area, make, set, number, sharing, apart } = ElboFigures;
  const { activation, sizes, weights, reach, digits } = live.data;
  const { svg } = live;
  const act = activation === "tanh" ? Math.tanh : (a) => Math.max(0, a);

  /** A number of IEEE half precision from its 16 bits. */
  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
  }
  const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
  const parameters = Float64Array.from({ length: bytes.length / 2 }, (_, i) => half(bytes[2 * i] | (bytes[2 * i + 1] << 8)));

  /** The logits of ink at the code z: rows of a weight belong to inputs, then come the biases. */
  function logits(z) {
    let a = z;
    let at = 0;
    for (let layer = 1; layer < sizes.length; layer++) {
      const width = sizes[layer];
      const bias = at + a.length * width;
      const out = Array.from(parameters.subarray(bias, bias + width));
      for (let i = 0; i < a.length; i++) for (let j = 0; j < width; j++) out[j] += a[i] * parameters[at + i * width + j];
      at = bias + width;
      a = layer < sizes.length - 1 ? out.map(act) : out;
    }
    return a;
  }
  const softplus = (a) => (a > 0 ? a + Math.log1p(Math.exp(-a)) : Math.log1p(Math.exp(a)));
  /** log p(x | z) of a binary image. */
  const likelihood = (pixels, at) => at.reduce((sum, a, i) => sum + (pixels[i] === "1" ? a : 0) - softplus(a), 0);

  const area = new Area({ left: 36, right: 236, top: 8, bottom: 208 }, [-reach, reach], [-reach, reach]);
  area.axisX(svg, [-2, 0, 2], "θ₁");
  area.axisY(svg, [-2, 0, 2], "θ₂");
  const field = make(svg, "g");
  make(field, "rect", { x: area.left, y: area.top, width: 200, height: 200, class: "field" });
  for (const r of [1, 2]) {
    make(field, "circle", { cx: area.x(0), cy: area.y(0), r: area.x(r) - area.x(0), class: "line thin ink dash3 faint" });
  }
  const rings = [1, 2].map(() => make(field, "ellipse", { class: "line c2" }));
  // A digit stands beside its mean where others would cover it, and the paper around it keeps lines off.
  const halo = "paint-order: stroke; stroke: var(--elbo-text-paper, Canvas); stroke-width: 3px; stroke-linejoin: round";
  for (const { mean } of digits) make(field, "circle", { cx: area.x(mean[0]), cy: area.y(mean[1]), r: 1.3, class: "dot2" });
  const names = digits.map(({ at: [x, y], label }) =>
    make(field, "text", { x: area.x(x), y: area.y(y) + 4, class: "middle digit", style: halo }, String(label)),
  );
  make(svg, "text", { x: 250, y: 14 }, "decoded");
  const side = Math.sqrt(sizes.at(-1));
  const decoded = live.image(252, 22, 88, side);
  const title = make(svg, "text", { x: 250, y: 134 });
  const original = live.image(252, 142, 88, side);

  const move = (x, y) => {
    live.put("z1", area.atX(x));
    live.put("z2", area.atY(y));
  };
  const dot = live.handle("dot1", move);
  /** Which digit is written within so many units of a place; -1 for none. */
  const within = (reach, { x, y }) => {
    const away = digits.map(({ at: [u, v] }) => Math.hypot(area.x(u) - x, area.y(v) - y));
    const least = Math.min(...away);
    return least < reach ? away.indexOf(least) : -1;
  };
  // A mouse need not press: the picture follows it over the plane. A finger taps, or drags the dot; it scrolls the page
  // from anywhere else. A press on a digit, or for a finger near it, chooses its image; the dot, which is under the
  // mouse, does not stand in the way of either.
  let pressed = null;
  svg.addEventListener("pointerdown", (event) => { pressed = live.at(event); });
  for (const kind of ["pointermove", "click"]) {
    svg.addEventListener(kind, (event) => {
      if (kind === "pointermove" && (event.pointerType !== "mouse" || svg.querySelector(".held"))) return;
      const at = live.at(event);
      if (at.x < area.left || at.x > area.right || at.y < area.top || at.y > area.bottom) return;
      if (kind === "click" && pressed && Math.hypot(at.x - pressed.x, at.y - pressed.y) > 3) return; // a drag ends
      const digit = kind === "click" ? within(event.pointerType === "mouse" ? 7 : 16, at) : -1;
      if (digit >= 0) live.put("digit", digit + 1);
      else move(at.x, at.y);
    });
  }

  return () => {
    const which = live.get("digit") - 1;
    const digit = digits[which];
    const z = [live.get("z1"), live.get("z2")];
    const at = logits(z);
    decoded(at.map((a) => 1 / (1 + Math.exp(-a))));
    original([...digit.pixels]);
    title.textContent = `image D, a ${digit.label}`;
    rings.forEach((ring, i) =>
      set(ring, {
        cx: area.x(digit.mean[0]),
        cy: area.y(digit.mean[1]),
        rx: (i + 1) * (area.x(digit.sd[0]) - area.x(0)),
        ry: (i + 1) * (area.x(digit.sd[1]) - area.x(0)),
      }),
    );
    names.forEach((name, i) => name.classList.toggle("strong", i === which));
    if (field.lastChild !== names[which]) field.append(names[which]); // no other covers it
    dot(area.x(z[0]), area.y(z[1]));
    live.output("digit", `${which + 1}: a ${digit.label}`);
    live.output("z1", number(z[0], 2));
    live.output("z2", number(z[1], 2));
    const whole = number(digit.evidence, 2);
    const [gain, charge, bound] = sharing(digit.reconstruction, -digit.kl, 2);
    const here = likelihood(digit.pixels, at);
    live.show("reconstruction", gain);
    live.show("kl", charge);
    live.show("elbo", bound);
    live.show("evidence", whole);
    live.show("here", number(here, 2));
    const [off, best] = [bound, number(digit.best, 2)].map((text) => apart(whole, text, 2));
    live.says(
      `The ELBO of the encoder's q, the rings, is ${off} nats below log p(D); that of the best diagonal Gaussian, ${best}.`,
      `Image of a ${digit.label}: ELBO ${bound}, log p(D) ${whole}. At ${number(z[0], 2)}, ${number(z[1], 2)} log p(D given θ) is ${number(here, 2)}.`,
    );
  };
});

// What the figures share: a place to draw, controls, handles, and numbers as words. No dependencies, no animation:
// a picture changes only while its reader moves something.
window.ElboFigures = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MINUS = "\u2212";

  /** An SVG element; `attributes` as they are written, `text` as its content. */
  function make(parent, tag, attributes = {}, text = null) {
    const node = document.createElementNS(SVG, tag);
    set(node, attributes);
    if (text !== null) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  }

  function set(node, attributes) {
    for (const [key, value] of Object.entries(attributes)) {
      node.setAttribute(key, typeof value === "number" ? +value.toFixed(2) : value);
    }
    return node;
  }

  /** A number with so many decimals, as print writes it: a true minus, infinity, "undefined". */
  function number(value, digits = 3) {
    if (Number.isNaN(value)) return "undefined";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : MINUS + "∞";
    const text = Math.abs(value).toFixed(digits);
    return (value < 0 && Number(text) !== 0 ? MINUS : "") + text;
  }

  /** Two numbers rounded so that, as written, they add up to their rounded sum: the unit that is left over goes to the
      one with the larger remainder, so each is wrong by less than 3/4 of a unit of the last digit. */
  function sharing(a, b, digits = 3) {
    if (!Number.isFinite(a + b)) return [a, b, a + b].map((value) => number(value, digits));
    const unit = 10 ** digits;
    const parts = [a * unit, b * unit];
    const total = Math.round(parts[0] + parts[1]);
    const whole = parts.map(Math.floor);
    const larger = parts[0] - whole[0] >= parts[1] - whole[1] ? [0, 1] : [1, 0];
    for (let left = total - whole[0] - whole[1], i = 0; left > 0; left--, i++) whole[larger[i]] += 1;
    return [...whole, total].map((value) => number(value / unit, digits));
  }

  /** How far apart two numbers stand, as they are written: what a reader finds who subtracts them. */
  function apart(a, b, digits = 3) {
    const [one, other] = [a, b].map((text) => Number(text.replace(MINUS, "-")));
    return number(Math.abs(one - other), digits);
  }

  /** A rectangle of the drawing with scales: x from x[0] to x[1] nats or whatever, y likewise, upwards. */
  class Area {
    constructor(box, x, y) {
      Object.assign(this, box);
      this.range = { x, y };
    }
    x(value) {
      const [low, high] = this.range.x;
      return this.left + ((value - low) / (high - low)) * (this.right - this.left);
    }
    y(value) {
      const [low, high] = this.range.y;
      return this.bottom - ((value - low) / (high - low)) * (this.bottom - this.top);
    }
    atX(place) {
      const [low, high] = this.range.x;
      return low + ((place - this.left) / (this.right - this.left)) * (high - low);
    }
    atY(place) {
      const [low, high] = this.range.y;
      return low + ((this.bottom - place) / (this.bottom - this.top)) * (high - low);
    }
    /** The path through points [x, y]; what lies far outside is cut at twice the height. */
    path(points) {
      const far = this.bottom - this.top;
      const within = (place) => Math.min(this.bottom + far, Math.max(this.top - far, place));
      return points.map(([x, y], i) => `${i ? "L" : "M"}${this.x(x).toFixed(2)} ${within(this.y(y)).toFixed(2)}`).join("");
    }
    curve(f, count = 120) {
      const [low, high] = this.range.x;
      return this.path(Array.from({ length: count + 1 }, (_, i) => low + ((high - low) * i) / count).map((x) => [x, f(x)]));
    }
    axisX(parent, ticks, name, digits = 0) {
      const axis = make(parent, "g", { class: "axis" });
      make(axis, "path", { d: `M${this.left} ${this.bottom}H${this.right}` });
      for (const tick of ticks) {
        make(axis, "path", { d: `M${this.x(tick)} ${this.bottom}v3.5` });
        make(axis, "text", { x: this.x(tick), y: this.bottom + 14, class: "middle" }, number(tick, digits));
      }
      if (name) make(axis, "text", { x: (this.left + this.right) / 2, y: this.bottom + 27, class: "middle" }, name);
      return axis;
    }
    /** `beside`: how far from the axis its numbers end. */
    axisY(parent, ticks, name, digits = 0, beside = 6) {
      const axis = make(parent, "g", { class: "axis" });
      make(axis, "path", { d: `M${this.left} ${this.top}V${this.bottom}` });
      for (const tick of ticks) {
        make(axis, "path", { d: `M${this.left} ${this.y(tick)}h-3.5` });
        make(axis, "text", { x: this.left - beside, y: this.y(tick) + 4, class: "end" }, number(tick, digits));
      }
      const middle = (this.top + this.bottom) / 2;
      if (name) make(axis, "text", { transform: `translate(11 ${middle}) rotate(-90)`, class: "middle" }, name);
      return axis;
    }
  }

  /** One figure of the page. `draw(live)` builds its picture once and gives the function that follows its controls. */
  class LiveFigure {
    constructor(figure, draw) {
      this.figure = figure;
      this.name = figure.id.replace(/^fig-/, "");
      this.data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
      this.controls = new Map();
      this.handles = [];
      const still = figure.querySelector(".elbo-live-picture > svg");
      this.svg = make(null, "svg", { viewBox: still.getAttribute("viewBox"), role: "img", class: "elbo-live-svg" });
      this.svg.style.cssText = still.style.cssText;
      [, , this.width, this.height] = still.getAttribute("viewBox").split(" ").map(Number);
      for (const input of figure.querySelectorAll("[data-control]")) {
        const name = input.dataset.control;
        this.controls.set(name, [...(this.controls.get(name) ?? []), input]);
        input.disabled = false;
        input.addEventListener("input", () => this.changed());
      }
      this.follow = draw(this);
      this.render();
      figure.querySelector(".elbo-live-picture").append(this.svg);
      figure.classList.add("is-live");
      this.said = this.saying; // nothing is announced before something moves
    }
    get(name) {
      const inputs = this.controls.get(name);
      return inputs[0].type === "radio" ? inputs.find((input) => input.checked).value : Number(inputs[0].value);
    }
    /** Move a slider, as a handle does: to its nearest step, within its ends. */
    put(name, value) {
      const [input] = this.controls.get(name);
      const before = input.value;
      input.value = Number.isFinite(value) ? value : before;
      if (input.value !== before) this.changed();
    }
    output(name, text) {
      const [input] = this.controls.get(name);
      input.parentElement.querySelector("output").textContent = text;
      input.setAttribute("aria-valuetext", text);
    }
    row(name, visible) {
      this.figure.querySelector(`[data-row="${name}"]`).hidden = !visible;
    }
    show(name, text) {
      const place = this.figure.querySelector(`[data-shows="${name}"]`);
      if (place.textContent !== text) place.textContent = text;
    }
    /** What the figure says now: written below it and, with the numbers, aloud once the hand rests. */
    says(text, numbers = "") {
      this.show("says", text);
      this.saying = `${numbers} ${text}`.trim();
      this.svg.setAttribute("aria-label", this.saying);
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => {
        if (this.said === this.saying) return;
        this.said = this.saying;
        this.figure.querySelector("[role=status]").textContent = this.saying;
      }, 500);
    }
    changed() {
      this.due ??= requestAnimationFrame(() => {
        this.due = undefined;
        this.render();
      });
    }
    render() {
      this.follow();
    }
    /** Hatching of its own, since ids belong to the page. */
    hatch(kind, draws) {
      const id = `${this.name}-${kind}`;
      const pattern = make(make(this.svg, "defs"), "pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" });
      make(pattern, "path", { d: draws, class: "hatching" });
      return `url(#${id})`;
    }
    /** What stays within an area's sides and top; strokes on its floor are whole. */
    clip(area, ...nodes) {
      const id = `${this.name}-clip`;
      const path = make(make(this.svg, "defs"), "clipPath", { id });
      make(path, "rect", { x: area.left, y: 0, width: area.right - area.left, height: area.bottom + 1.5 });
      for (const node of nodes) node.setAttribute("clip-path", `url(#${id})`);
    }
    legend(rows, x, y, step = 16) {
      const group = make(this.svg, "g", { class: "legend" });
      rows.forEach(([mark, text], i) => {
        make(group, "path", { d: `M${x} ${y + i * step}h22`, class: mark });
        make(group, "text", { x: x + 28, y: y + i * step + 4 }, text);
      });
    }
    /** A square image of n x n pixels; the function it gives sets their ink, each 0 to 1. */
    image(left, top, size, n) {
      const group = make(this.svg, "g", { class: "image" });
      const one = size / n;
      make(group, "rect", { x: left - 1, y: top - 1, width: size + 2, height: size + 2, class: "frame" });
      const pixels = Array.from({ length: n * n }, (_, i) =>
        make(group, "rect", { x: left + one * (i % n), y: top + one * Math.floor(i / n), width: one + 0.15, height: one + 0.15 }),
      );
      return (ink) => pixels.forEach((pixel, i) => pixel.setAttribute("fill-opacity", Number(ink[i]).toFixed(3)));
    }
    /** Where a pointer is, in the drawing. */
    at(event) {
      return new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    }
    /** A handle that the pointer drags; its slider does the same from the keyboard. The function it gives puts it at
        (x, y); `stands` is the x it stands for, where that lies beyond the picture. */
    handle(mark, moved) {
      const group = make(this.svg, "g", { class: "handle", "aria-hidden": "true" });
      make(group, "circle", { r: 20, class: "grip" });
      make(group, "circle", { r: 6.5, class: mark });
      const handle = { group, x: 0, y: 0, stands: 0 };
      this.handles.push(handle);
      let held = null; // the handle that moves, and how far from what it stands for it was taken
      group.addEventListener("pointerdown", (event) => {
        const { x, y } = this.at(event);
        const away = (one) => Math.hypot(one.x - x, one.y - y);
        const near = this.handles.filter((one) => one.group.getAttribute("visibility") !== "hidden");
        const nearest = near.reduce((best, one) => (away(one) < away(best) ? one : best), handle); // grips overlap
        held = { group: nearest.group, moved: nearest.moved, x: nearest.stands - x, y: nearest.y - y };
        group.setPointerCapture(event.pointerId);
        held.group.classList.add("held");
        event.preventDefault();
      });
      // The finger that takes a handle does not scroll the page; within a drawing, touch-action does not see to that.
      group.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      group.addEventListener("pointermove", (event) => {
        if (!group.hasPointerCapture(event.pointerId)) return;
        const { x, y } = this.at(event);
        held.moved(x + held.x, y + held.y);
      });
      for (const end of ["pointerup", "pointercancel"]) group.addEventListener(end, () => held?.group.classList.remove("held"));
      handle.moved = moved;
      return (x, y, stands = x) => {
        Object.assign(handle, { x, y, stands });
        set(group, { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})` });
      };
    }
  }

  /** Bring every figure of a kind to life. One that fails keeps its still picture, without controls. */
  function register(kind, draw) {
    for (const figure of document.querySelectorAll(`figure[data-figure="${kind}"]`)) {
      try {
        new LiveFigure(figure, draw);
      } catch (error) {
        figure.querySelector(".elbo-live-panel").remove();
        reportError(error);
      }
    }
  }

  return { Area, make, set, number, sharing, apart, register };
})();

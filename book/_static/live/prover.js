// "Prove your own": a claim in the text form, what was understood of it, and the verdict. The claim is in the address.
import { Stopped, spoken } from "./engine.js";
import { typeset } from "./mathematics.js";

const PAUSE = 250; // milliseconds without a key before a claim is read
const AROUND = 24; // characters of a long claim shown on each side of an error

const FORM = `
<form class="elbo-prover" novalidate>
  <label for="elbo-claim">A claim</label>
  <input id="elbo-claim" type="text" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"
    maxlength="4000" aria-describedby="elbo-fault" required>
  <details id="elbo-structure"><summary>How the laws factorise (optional)</summary>
    <label for="elbo-where">One declaration a line, such as q(z1,z2) = q(z1) q(z2)</label>
    <textarea id="elbo-where" rows="2" spellcheck="false" autocapitalize="off" aria-describedby="elbo-fault"></textarea>
  </details>
  <div id="elbo-understood" role="group" aria-label="The claim as it was understood"></div>
  <pre id="elbo-fault" role="status" hidden></pre>
  <div class="elbo-bar"><button type="submit">Prove or refute</button><button type="button" id="elbo-stop" hidden>Stop</button><button
    type="button" id="elbo-link" hidden>Copy a link</button><span class="elbo-status" role="status"></span></div>
</form>
<div id="elbo-verdict" tabindex="-1" aria-live="polite"></div>`;

export class Prover {
  constructor(engine, place) {
    this.engine = engine;
    place.innerHTML = FORM;
    const find = (name) => place.querySelector(name);
    this.claim = find("#elbo-claim");
    this.where = find("#elbo-where");
    this.structure = find("#elbo-structure");
    this.understood = find("#elbo-understood");
    this.fault = find("#elbo-fault");
    this.submit = find("[type=submit]");
    this.stopButton = find("#elbo-stop");
    this.linkButton = find("#elbo-link");
    this.status = find(".elbo-status");
    this.verdict = find("#elbo-verdict");
    this.reading = false;
    this.version = 0; // of what stands in the fields

    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.decide();
    });
    for (const field of [this.claim, this.where]) field.addEventListener("input", () => this.changed());
    this.stopButton.addEventListener("click", () => engine.stop());
    this.linkButton.addEventListener("click", () => this.copy());
    window.addEventListener("hashchange", () => this.follow(place));
    document.addEventListener("click", (event) => {
      // pressed again, an example leaves the address as it is
      const link = event.target.closest?.("a[href*='#claim=']");
      if (link && link.href === location.href) this.follow(place);
    });
    this.fromAddress();
  }

  say(text) {
    this.status.textContent = text;
  }

  get declarations() {
    return this.where.value.split("\n").map((line) => line.trim()).filter(Boolean);
  }

  // -- the address

  fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const claim = given.get("claim");
    if (claim === null) return false;
    this.claim.value = claim;
    this.where.value = given.getAll("where").join("\n");
    this.structure.open = Boolean(this.where.value);
    this.version += 1;
    this.forget();
    this.understood.replaceChildren();
    return true;
  }

  // A link to a claim was followed, from a list that may be far below: its verdict has to come into view.
  follow(place) {
    if (!this.fromAddress()) return;
    place.scrollIntoView({ block: "start" });
    this.verdict.focus({ preventScroll: true });
    this.decide();
  }

  address() {
    const parts = [`claim=${encodeURIComponent(this.claim.value.trim())}`];
    for (const line of this.declarations) parts.push(`where=${encodeURIComponent(line)}`);
    return `#${parts.join("&")}`;
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      this.say("the link is copied");
    } catch {
      this.say("copy the link from the address bar");
    }
  }

  // -- while typing

  changed() {
    this.version += 1;
    this.forget();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), PAUSE);
  }

  forget() {
    this.fault.hidden = true;
    this.claim.removeAttribute("aria-invalid");
    this.where.removeAttribute("aria-invalid");
    this.verdict.replaceChildren();
    this.linkButton.hidden = true;
    if (!this.deciding) this.say("");
  }

  // Reads what stands in the fields, one reading at a time; what was typed meanwhile is read after it.
  async read() {
    if (this.reading || this.deciding) return;
    if (!this.claim.value.trim()) return this.understood.replaceChildren();
    this.reading = true;
    const version = this.version;
    try {
      await this.ready();
      const read = await this.engine.call("understood", this.claim.value, this.declarations);
      if (version === this.version) await this.display(read);
    } catch (error) {
      if (!(error instanceof Stopped)) this.say(error.message);
    } finally {
      this.reading = false;
    }
    if (version !== this.version) this.read();
  }

  async ready() {
    if (!this.engine.worker) this.say("fetching Python");
    this.engine.onprogress = (state) => this.say(spoken(state));
    await this.engine.start();
    this.engine.onprogress = () => {};
    if (!this.deciding) this.say("");
  }

  async display(read) {
    if (read.error) return this.complain(read);
    this.fault.hidden = true;
    this.understood.hidden = false;
    const line = document.createElement("div");
    line.className = "elbo-math";
    line.textContent = `\\[${read.latex}\\]`;
    await this.place(this.understood, line);
  }

  // Typeset out of sight first, so that nothing on the page jumps.
  async place(target, element) {
    element.style.cssText = "position: absolute; visibility: hidden";
    target.append(element);
    await typeset(element);
    element.style.cssText = "";
    target.replaceChildren(element);
  }

  // What cannot be read, with a caret under the character. Python counts characters, JavaScript half of some.
  complain({ error, start, end, where }) {
    const field = where === null ? this.claim : this.where;
    const text = where === null ? this.claim.value : this.declarations[where];
    const letters = Array.from(text);
    const from = Math.max(0, start - AROUND);
    const upTo = Math.min(letters.length, Math.max(end, start + 1) + AROUND);
    const before = from > 0 ? "…" : "";
    const after = upTo < letters.length ? "…" : "";
    const carets = "^".repeat(Math.max(1, Math.min(end, upTo) - start));
    const shown = letters.slice(from, upTo).map((letter) => (/\s/.test(letter) ? " " : letter)).join("");
    this.fault.textContent = `${before}${shown}${after}\n${" ".repeat(before.length + start - from)}${carets}\n${error}`;
    this.fault.hidden = false;
    field.setAttribute("aria-invalid", "true");
    this.understood.replaceChildren();
    this.understood.hidden = true; // the fault stands in its place
    return { field, letters, start, end };
  }

  // -- the verdict

  async decide() {
    if (this.deciding) return;
    if (!this.claim.value.trim()) {
      this.say("Type a claim first");
      return this.claim.focus();
    }
    clearTimeout(this.timer);
    this.forget();
    const version = this.version;
    const pressed = document.activeElement === this.submit;
    this.deciding = true;
    this.submit.disabled = true;
    this.stopButton.hidden = false;
    try {
      await this.ready();
      this.say("deciding");
      const begun = performance.now();
      const found = await this.engine.call("decided", this.claim.value, this.declarations);
      const taken = (performance.now() - begun) / 1000;
      if (version !== this.version) return;
      await this.result(found, taken);
    } catch (error) {
      if (error instanceof Stopped) this.say("stopped; Python starts again at the next claim");
      else this.say(error.message);
    } finally {
      const stopped = document.activeElement === this.stopButton;
      this.deciding = false;
      this.submit.disabled = false;
      if (stopped || (pressed && [document.body, this.submit].includes(document.activeElement))) this.submit.focus();
      this.stopButton.hidden = true;
      if (version !== this.version) this.read();
    }
  }

  async result(found, taken) {
    if (found.error) {
      const { field, letters, start, end } = this.complain(found);
      this.say("not readable");
      field.focus();
      if (field === this.claim) {
        const units = (count) => letters.slice(0, count).join("").length;
        field.setSelectionRange(units(start), units(end));
      }
      return;
    }
    await this.display(found);
    if (found.fault) return this.say(found.fault);
    const block = document.createElement("div");
    block.innerHTML = found.html;
    for (const folded of block.querySelectorAll("details")) folded.open = true; // the proof is what was asked for
    await this.place(this.verdict, block);
    history.replaceState(null, "", this.address());
    this.linkButton.hidden = false;
    this.say(`${found.verdict} in ${taken.toFixed(2)} s`);
  }
}

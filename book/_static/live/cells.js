// The cells of a page: run, edit, reset, stop. They share their names down the page, as in a notebook.
import { Stopped, spoken } from "./engine.js";
import { show } from "./outputs.js";

function button(text, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", act);
  return element;
}

const cellsWord = (count) => (count === 1 ? "cell" : `${count} cells`);

class Cell {
  constructor(page, bar) {
    this.page = page;
    this.bar = bar;
    this.element = bar.closest(".cell");
    this.input = this.element.querySelector(".cell_input");
    this.code = this.input.querySelector("pre");
    this.source = this.code.textContent.replace(/\n$/, "");
    this.output = this.element.querySelector(":scope > .cell_output");
    this.committed = this.output && [...this.output.childNodes];
    this.ran = false;
    this.editor = null;
    this.build();
  }

  build() {
    this.runButton = button("Run here", () => this.page.run(this));
    this.editButton = button("Edit", () => this.edit());
    this.resetButton = button("Reset", () => this.page.reset(this));
    this.stopButton = button("Stop", () => this.page.stop());
    this.status = document.createElement("span");
    this.status.className = "elbo-status";
    this.status.setAttribute("role", "status");
    this.resetButton.hidden = this.stopButton.hidden = true;
    this.bar.replaceChildren(this.runButton, this.editButton, this.resetButton, this.stopButton, this.status);
  }

  get text() {
    return this.editor ? this.editor.value : this.source;
  }

  say(text) {
    this.status.textContent = text;
  }

  edit() {
    const folded = this.input.closest("details");
    if (folded) folded.open = true;
    if (!this.editor) {
      this.editor = document.createElement("textarea");
      this.editor.className = "elbo-editor";
      this.editor.value = this.source;
      this.editor.spellcheck = false;
      this.editor.setAttribute("autocapitalize", "off");
      this.editor.setAttribute("aria-label", "Code of this cell; Shift and Enter runs it");
      this.editor.addEventListener("input", () => this.fit());
      this.editor.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          this.page.run(this);
        }
      });
      this.code.closest("div[class*=highlight-]").hidden = true;
      this.input.append(this.editor);
      this.resetButton.hidden = false;
      this.editButton.hidden = true;
      this.fit();
    }
    this.editor.focus();
  }

  fit() {
    this.editor.rows = Math.max(2, this.editor.value.split("\n").length);
  }

  async show(outputs) {
    if (!this.output) {
      if (!outputs.length) return;
      this.output = document.createElement("div");
      this.output.className = "cell_output docutils container";
      this.element.append(this.output);
    }
    await show(this.output, outputs);
    this.resetButton.hidden = false;
  }

  restore() {
    this.editor?.remove();
    this.editor = null;
    this.code.closest("div[class*=highlight-]").hidden = false;
    if (this.committed) this.output.replaceChildren(...this.committed);
    else this.output?.remove();
    if (!this.committed) this.output = null;
    this.ran = false;
    this.resetButton.hidden = true;
    this.editButton.hidden = false;
    this.say("");
    this.runButton.focus();
  }
}

export class LivePage {
  constructor(engine, bars) {
    this.engine = engine;
    this.cells = bars.map((bar) => new Cell(this, bar));
    this.history = []; // what was run without an error, in order: {cell, source}
    this.ended = 0; // workers that were gone when the history was last run: the prover, too, can end one
    this.stale = false; // whether Python must forget everything and run the history again
    this.current = null;
  }

  busy(cell) {
    this.current = cell;
    for (const each of this.cells) {
      each.runButton.disabled = each.resetButton.disabled = Boolean(cell);
      each.stopButton.hidden = each !== cell;
    }
  }

  async run(cell) {
    if (this.current) return;
    this.busy(cell);
    const hadFocus = document.activeElement === cell.runButton || document.activeElement === document.body;
    if (hadFocus) cell.stopButton.focus({ preventScroll: true });
    this.engine.onprogress = (state) => cell.say(spoken(state));
    try {
      if (!this.engine.worker) cell.say("fetching Python");
      await this.engine.start();
      if (this.stale || this.ended !== this.engine.ended) await this.replay();
      const earlier = this.cells.slice(0, this.cells.indexOf(cell)).filter((each) => !each.ran);
      for (const each of earlier) {
        cell.say("running the cells above");
        if (!(await this.execute(each, each.editor !== null))) {
          cell.say("a cell above ended in an error, so this one was not run");
          return;
        }
      }
      cell.say("running");
      const sound = await this.execute(cell, true);
      const above = earlier.length ? `, after the ${cellsWord(earlier.length)} above` : "";
      cell.say(sound ? `run${above}` : "ended in an error");
    } catch (error) {
      if (error instanceof Stopped) await this.recover(cell);
      else cell.say(error.message);
    } finally {
      const stopHadFocus = document.activeElement === cell.stopButton;
      this.busy(null);
      if (stopHadFocus) cell.runButton.focus({ preventScroll: true });
    }
  }

  // Runs a cell; true unless it ended in an error. A cell that is run only because a later one needs it, and that
  // nobody has edited, gives what the page shows already.
  async execute(cell, visible) {
    const source = cell.text;
    const outputs = await this.engine.call("run", source);
    const sound = !outputs.some((output) => output.output_type === "error");
    if (visible || !sound) await cell.show(outputs);
    if (sound) this.history.push({ cell, source });
    cell.ran = sound;
    return sound;
  }

  stop() {
    this.engine.stop();
  }

  async replay() {
    await this.engine.call("fresh");
    for (const { source } of this.history) await this.engine.call("run", source);
    this.stale = false;
    this.ended = this.engine.ended;
  }

  // The worker was ended: start another, and run again what had been run before.
  async recover(cell) {
    const count = this.history.length;
    const again = count ? `, and the ${cellsWord(count)} run before` : "";
    cell.say(`stopped; Python starts again${again}`);
    try {
      await this.replay();
      cell.say(`stopped. Python was started again${count ? ` and the ${cellsWord(count)} run before were run again` : ""}`);
    } catch {
      for (const each of this.cells) each.ran = false;
      this.history = [];
      this.stale = false;
      cell.say("stopped. Python starts afresh at the next run");
    }
  }

  reset(cell) {
    this.stale ||= this.history.some((entry) => entry.cell === cell);
    this.history = this.history.filter((entry) => entry.cell !== cell);
    cell.restore();
  }
}

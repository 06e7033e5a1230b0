// The page's side of Python: starts the worker on first use, sends it calls, and can end it at any moment.

export class Stopped extends Error {}

export class Engine {
  constructor() {
    this.worker = null;
    this.started = null; // the promise of a worker that is ready
    this.calls = new Map(); // id -> {resolve, reject}
    this.last = 0;
    this.onprogress = () => {};
    this.ended = 0; // how many workers are gone, and with them what they knew
  }

  // Resolves when Python is ready. The first call fetches it, later ones do nothing.
  start() {
    this.started ??= new Promise((resolve, reject) => {
      this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
      this.calls.set("start", { resolve, reject });
      this.worker.onmessage = ({ data }) => this.receive(data);
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.fail(new Error(event.message || "the worker could not be started"));
      };
    });
    return this.started;
  }

  async call(kind, ...args) {
    await this.start();
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.worker.postMessage({ id, kind, args });
    });
  }

  receive({ id, progress, result, error }) {
    if (progress) return this.onprogress(progress);
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (id === "start" && error) this.fail(new Error(error));
    if (error) call?.reject(new Error(error));
    else call?.resolve(result);
  }

  // Python runs without a pause and, on a server that sends no special headers, shares no memory with the page:
  // the only way to interrupt it is to end its worker. What was being computed is rejected as Stopped.
  stop() {
    this.fail(new Stopped("stopped"));
  }

  fail(error) {
    this.ended += 1;
    this.worker?.terminate();
    this.worker = this.started = null;
    const waiting = [...this.calls.values()];
    this.calls.clear();
    for (const call of waiting) call.reject(error);
  }
}

// A line of words for a state of the start.
export function spoken({ loaded, total, ready }) {
  const mega = (bytes) => (bytes / 1e6).toFixed(1);
  return ready ? "starting Python" : `fetching Python, ${mega(loaded)} of ${mega(total)} MB`;
}

// Brings a page to life: its cells, and the prover if it has one. They share one Python.
import { Engine } from "./engine.js";
import { LivePage } from "./cells.js";

const engine = new Engine();
const bars = [...document.querySelectorAll(".elbo-bar[data-live]")];
if (bars.length) new LivePage(engine, bars);
const place = document.querySelector("#elbo-prove");
if (place) import("./prover.js").then(({ Prover }) => new Prover(engine, place));

// The live page: joins the node's answers to what is on the screen.

import { Card } from "./card.js";
import { at, setAttribute, setOptional, setText, setValue } from "./dom.js";
import { Feed } from "./feed.js";
import * as format from "./format.js";
import { Chart } from "./graph.js";
import { showHealth, showState } from "./health.js";
import { History } from "./history.js";

const DENSE_FROM = 17;

const history = new History();
const cards = new Map();
const chart = new Chart(at("chart"), at("chart-note"));
let version = null;

/** Faults that name this GPU as their part. */
const faultsOf = (gpu, faults) =>
  faults.filter(({ part }) => part === `gpu ${gpu.index}` || part.startsWith(`gpu ${gpu.index} `));

const showPower = (data) => {
  const { power_watts: watts, power_limit_watts: limit, gpus } = data;
  setValue(at("power"), format.power(watts.value));
  const comparable = watts.value !== null && limit.value && limit.gpus >= watts.gpus;
  const share = comparable ? watts.value / limit.value : null;
  at("power-bar").style.setProperty("width", `${Math.min(1, share ?? 0) * 100}%`);
  const whose = limit.gpus === 1 ? "the GPU's power limit" : "the sum of the GPUs' limits";
  setOptional(
    at("power-note"),
    comparable
      ? `${format.percent(share)} of ${format.power(limit.value)}, ${whose}`
      : limit.gpus ? "Not every GPU reports its limit" : "No limit is reported",
  );
  at("power-bar").parentElement.hidden = !comparable;
  const missing = watts.gpus < gpus.length;
  const count = missing ? `${watts.gpus} of ${gpus.length}` : `all ${gpus.length}`;
  setText(at("power-title"), gpus.length === 1 ? "GPU power" : `Power of ${count} GPUs`);
  const silent = gpus.length - watts.gpus;
  const words = silent === 1 ? "1 GPU does not report its power" : `${silent} GPUs do not report their power`;
  setOptional(at("power-missing"), missing ? words : "");
  setValue(at("energy"), format.energy(data.energy_today_joules.value));
  const newest = data.wall_ms - (data.monotonic_ms - history.end * 1000);
  // Past seconds may hold more GPUs than now; only a limit of them all fits beside them.
  const whole = comparable && !missing ? limit.value : null;
  chart.draw(history.total(gpus), whole, (ago) => newest - ago * 1000);
};

const showGpus = ({ gpus, faults }) => {
  const list = at("gpus");
  const known = new Set(gpus.map((gpu) => gpu.uuid));
  for (const [uuid, card] of cards) {
    if (known.has(uuid)) continue;
    card.element.remove();
    cards.delete(uuid);
  }
  gpus.forEach((gpu, position) => {
    const card = cards.get(gpu.uuid) ?? new Card();
    cards.set(gpu.uuid, card);
    const there = list.children[position] ?? null;
    if (there !== card.element) list.insertBefore(card.element, there);
    card.update(gpu, history.of(gpu.uuid), faultsOf(gpu, faults));
  });
  setAttribute(list, "data-dense", String(gpus.length >= DENSE_FROM));
  setAttribute(list, "data-fours", String(gpus.length % 4 === 0 && gpus.length < DENSE_FROM));
  const models = [...new Set(gpus.map((gpu) => gpu.model))].filter(Boolean);
  const drivers = [...new Set(gpus.map((gpu) => gpu.driver_version))].filter(Boolean);
  const words = [...models, ...drivers.map((driver) => `driver ${driver}`)];
  setText(at("gpus-note"), gpus.length ? words.join(", ") : "No GPU is seen on this node.");
};

const show = (data) => {
  version ??= data.version;
  if (version !== data.version) location.reload(); // the node was upgraded, and so is its page
  const complete = history.join(data);
  at("main").hidden = at("footer").hidden = false;
  setText(at("node"), data.node);
  at("simulated").hidden = !data.simulated;
  showPower(data);
  showHealth(data);
  showGpus(data);
  setText(at("version"), `Wattkeeper ${data.version}`);
  setOptional(at("rate"), data.power_hz === null ? "" : `Power sampled at ${data.power_hz}\u00a0Hz`);
  document.title = `${format.power(data.power_watts.value) ?? "\u2013"} \u00b7 ${data.node}`;
  return complete;
};

const feed = new Feed(show, () => showState(feed, "node"));
feed.start();

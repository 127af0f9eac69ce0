// One GPU: its power, its graph and what else is known of it.

import { make, setAttribute, setItems, setOptional, setText, setValue } from "./dom.js";
import * as format from "./format.js";
import { Sparkline } from "./graph.js";

/** A named value with room for a note below. */
class Fact {
  constructor(name, title = "") {
    this.value = make("span", "value");
    this.note = make("span", "note");
    const term = make("dt", "", name);
    if (title) term.title = title;
    this.element = make("div", "", term, make("dd", "", this.value, this.note));
  }

  set(text, note = "", level = "") {
    setValue(this.value, text);
    setOptional(this.note, note);
    setAttribute(this.element, "data-level", level);
  }
}

/** How near to slowing down: by the limit where it is stated, else by the margin. */
const heat = (degrees, limit, margin) => {
  const left = limit !== null && degrees !== null ? limit - degrees : margin;
  if (left === null) return ["", ""];
  const note = limit !== null ? `limit ${format.celsius(limit)}` : `${format.celsius(left)} left`;
  return [note, left <= 0 ? "bad" : left < 5 ? "warn" : ""];
};

export class Card {
  #title = make("h3");
  #trouble = make("span", "chip");
  #power = make("p", "reading");
  #limit = make("span", "note");
  #module = make("p", "note");
  #spark = new Sparkline();
  #bar = make("div");
  #sick = make("div", "sick");
  #facts = {
    temperature: new Fact("GPU temp"),
    memoryTemperature: new Fact("Mem temp", "Temperature of the memory"),
    utilization: new Fact("Utilization", "Share of time in which the GPU was busy"),
    clock: new Fact("SM clock"),
    memory: new Fact("Memory", "Memory in use"),
    energy: new Fact("Today", "Energy since midnight where the node stands"),
    events: new Fact("Clocks held by", "What keeps the clocks below their maximum"),
    coverage: new Fact("Coverage", "Share of the last window that samples of power cover"),
  };

  constructor() {
    const { events, coverage, ...grid } = this.#facts;
    const value = make("span");
    this.powerValue = value;
    this.#power.append(value, " ", this.#limit);
    const bar = make("div", "bar", this.#bar);
    bar.setAttribute("aria-hidden", "true");
    this.bar = bar;
    this.facts = make("dl", "facts", ...Object.values(grid).map((fact) => fact.element));
    this.states = make("dl", "states", events.element, coverage.element);
    this.now = make("div", "now", this.#power, this.#module, bar);
    this.element = make(
      "li", "panel gpu",
      make("div", "heading", this.#title, this.#trouble),
      this.#sick, this.now, this.#spark.element, this.facts, this.states,
    );
  }

  /** @param {object} gpu as in live.json @param {(number|null)[]} watts @param {object[]} faults its own */
  update(gpu, watts, faults) {
    setText(this.#title, `GPU ${gpu.index}`);
    this.#title.title = [gpu.model, gpu.uuid].filter(Boolean).join("\n");
    setOptional(this.#trouble, gpu.up ? (faults.length ? "Fault" : "") : "Not answering");
    setAttribute(this.element, "data-up", String(gpu.up));
    setAttribute(this.element, "data-fault", String(faults.length > 0));
    this.now.hidden = this.facts.hidden = this.states.hidden = !gpu.up;
    this.#explain(gpu, faults);
    this.#spark.draw(watts, gpu.power_limit_watts);
    if (gpu.up) this.#show(gpu);
  }

  #explain(gpu, faults) {
    const words = faults.flatMap(({ problem, action }) => [
      ["problem", problem],
      ["action", action],
    ]);
    if (!gpu.up && !faults.length) words.push(["problem", "It gives no readings."]);
    const today = format.energy(gpu.energy_today_joules);
    if (!gpu.up && today !== null) words.push(["note", `${today} today until then`]);
    this.#sick.hidden = !words.length;
    setItems(this.#sick, words, () => make("p"), (paragraph, [name, text]) => {
      paragraph.className = name;
      setOptional(paragraph, text);
    });
  }

  #show(gpu) {
    const facts = this.#facts;
    const watts = gpu.power_watts;
    const limit = gpu.power_limit_watts;
    setValue(this.powerValue, format.power(watts));
    setOptional(this.#limit, limit === null ? "" : `of ${format.power(limit)}`);
    const module = gpu.module_power_watts;
    setOptional(this.#module, module === null ? "" : `module ${format.power(module)}`);
    const share = watts !== null && limit ? Math.min(1, watts / limit) : 0;
    this.bar.hidden = limit === null;
    this.#bar.style.setProperty("width", `${share * 100}%`);

    const { temperature_celsius: degrees, memory_temperature_celsius: memory } = gpu;
    facts.temperature.set(
      format.celsius(degrees), ...heat(degrees, gpu.slowdown_celsius, gpu.margin_celsius));
    facts.memoryTemperature.set(format.celsius(memory), ...heat(memory, gpu.memory_limit_celsius, null));
    facts.utilization.set(format.percent(gpu.utilization_ratio));
    facts.clock.set(format.megahertz(gpu.sm_clock_hertz));
    const total = format.gibibytes(gpu.memory_total_bytes);
    facts.memory.set(format.gibibytes(gpu.memory_used_bytes), total === null ? "" : `of ${total}`);
    const source = gpu.energy_source;
    facts.energy.set(
      format.energy(gpu.energy_today_joules), source && source !== "counter" ? source : "");

    const events = format.clockEvents(gpu.clock_events);
    facts.events.set(events?.text ?? null, "", events?.trouble ? "bad" : "");
    const coverage = gpu.coverage_ratio;
    facts.coverage.element.hidden = coverage === null || coverage >= 1;
    facts.coverage.set(format.share(coverage), "", coverage !== null && coverage < 0.95 ? "warn" : "");
  }
}

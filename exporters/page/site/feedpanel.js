// A feed from the utility: the running quarter-hour, its contract and its peaks.

import { BurnUp } from "./burnup.js";
import { make, setAttribute, setItems, setOptional, setText, setValue } from "./dom.js";
import * as format from "./format.js";
import { bounds } from "./power.js";

class Fact {
  constructor(name, title) {
    this.value = make("span", "value");
    this.note = make("span", "note");
    const term = make("dt", "", name);
    term.title = title;
    this.element = make("div", "", term, make("dd", "", this.value, this.note));
  }

  set(text, note = "", level = "") {
    setValue(this.value, text);
    setOptional(this.note, note);
    setAttribute(this.element, "data-level", level);
  }
}

/** What is to be done, in words, and how bad it is. */
const advice = (interval, now) => {
  if (!interval || interval.forecast_watts === null) {
    return ["Too little of this quarter-hour is known for a forecast.", "unknown"];
  }
  if (interval.cut_watts === null) return ["No target is stated.", ""];
  if (interval.cut_watts <= 0) return ["Within the target: nothing to cut.", "well"];
  const cut = format.sitePower(interval.cut_watts);
  if (interval.deadline_ms === null) {
    return [`Too late: the target will be missed. ${cut} less would have to be drawn.`, "bad"];
  }
  const left = (interval.deadline_ms - now) / 1000;
  const when = left > 5
    ? `in ${format.duration(left)}, by ${format.clock(interval.deadline_ms)}`
    : "now";
  return [`Cut ${cut} ${when} to keep the target.`, "bad"];
};

const PERIODS = { month: "This month", year: "12 months" };
const PERIOD_ORDER = ["month", "year"];

export class FeedPanel {
  #chart;
  #title = make("h2");
  #window = make("p", "note");
  #advice = make("p", "advice");
  #facts = {
    power: new Fact("Power now", "What is drawn now"),
    forecast: new Fact("Forecast", "Mean power that the quarter-hour will end at, and its band"),
    target: new Fact("Target", "Mean power that a quarter-hour should not exceed"),
    allowed: new Fact("Still allowed", "Power that may be drawn to the end of the quarter-hour"),
    contract: new Fact("Contract", "What the contract with the utility allows"),
    soFar: new Fact("Mean so far", "Mean power since the quarter-hour began"),
  };
  #peaks = make("tbody");
  #peaksTable;
  #ramps = make("p", "note");

  constructor(id) {
    this.#chart = new BurnUp();
    setText(this.#title, id);
    const facts = make("dl", "facts", ...Object.values(this.#facts).map((fact) => fact.element));
    this.#peaksTable = make(
      "table", "peaks", make("caption", "", "Highest quarter-hours"), this.#peaks);
    this.element = make(
      "section", "panel feed",
      make("div", "heading", this.#title, this.#window),
      this.#advice,
      make("div", "demand", this.#chart.element,
        make("div", "", facts, this.#peaksTable, this.#ramps)),
    );
    this.#title.id = `feed-${id}`;
    this.element.setAttribute("aria-labelledby", this.#title.id);
  }

  /** @param {object} feed as in live.json @param {number} now the daemon's clock, ms */
  update(feed, now) {
    const { interval, target_watts: target } = feed;
    setOptional(
      this.#window,
      interval && `quarter-hour ${format.clock(interval.start_ms)} to ${format.clock(interval.end_ms)}`,
    );
    const [words, level] = advice(interval, now);
    setText(this.#advice, words);
    setAttribute(this.#advice, "data-state", level);
    this.#chart.draw(interval, target);
    this.#showFacts(feed, interval);
    this.#showPeaks(feed.peaks);
    const ramps = feed.ramps.filter(({ watts }) => watts !== null).map(
      ({ span, watts, limit_watts: limit }) =>
        `${format.sitePower(watts)} in ${span.replace(/s$/, "\u00a0s")}`
        + (limit === null ? "" : ` (limit ${format.sitePower(limit)})`));
    setOptional(
      this.#ramps, ramps.length ? `Largest change over the last minute: ${ramps.join(", ")}` : "");
  }

  #showFacts(feed, interval) {
    const facts = this.#facts;
    const target = feed.target_watts;
    facts.power.set(format.sitePower(feed.power.watts), bounds(feed.power));
    const forecast = interval?.forecast_watts ?? null;
    const [low, high] = [interval?.forecast_low_watts ?? null, interval?.forecast_high_watts ?? null];
    const band = low === null || high === null
      ? "" : `${format.sitePower(low)} to ${format.sitePower(high)}`;
    const over = forecast !== null && target !== null && forecast > target;
    facts.forecast.set(format.sitePower(forecast), band, over ? "bad" : "");
    facts.target.set(format.sitePower(target));
    facts.allowed.set(format.sitePower(interval?.allowed_watts ?? null));
    facts.contract.set(format.sitePower(feed.contract_watts));
    const mean = interval && interval.used_joules !== null && interval.at_seconds
      ? interval.used_joules / interval.at_seconds : null;
    facts.soFar.set(
      format.sitePower(mean), interval ? format.siteEnergy(interval.used_joules) ?? "" : "");
  }

  #showPeaks(peaks) {
    this.#peaksTable.hidden = !peaks.length;
    const sorted = [...peaks].sort(
      (a, b) => PERIOD_ORDER.indexOf(a.period) - PERIOD_ORDER.indexOf(b.period));
    const row = () => {
      const title = make("th");
      title.scope = "row";
      return make("tr", "", title, make("td", "number"));
    };
    setItems(this.#peaks, sorted, row, ({ children }, { period, band, watts }) => {
      const where = band === "all" ? "" : `, ${band.replaceAll("_", " ")}`;
      setText(children[0], `${PERIODS[period] ?? period}${where}`);
      setValue(children[1], format.sitePower(watts));
    });
  }
}

// The running quarter-hour as a burn-up: energy so far, where it is heading, what is allowed.

import { make, makeSvg, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const SECONDS = 900;
const HEIGHT = 100;
const UNSEEN_SECONDS = 60;

/** The next round number above, so that an axis can be read. */
const rounded = (value) => {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].find((step) => step * unit >= value) * unit;
};

const KWH = 3.6e6;

const label = (text, side, share) => {
  const element = make("span", "", text);
  element.style.setProperty(side, `${share * 100}%`);
  return element;
};

const described = (interval, target) => {
  if (!interval || interval.used_joules === null) return "No energy of this quarter-hour is known.";
  const used = `${format.siteEnergy(interval.used_joules)} used after ${format.duration(interval.at_seconds)}`;
  const aim = target === null ? "" : ` of ${format.siteEnergy(target * SECONDS)} allowed`;
  const end = interval.forecast_watts === null
    ? "" : `; forecast ${format.siteEnergy(interval.forecast_watts * SECONDS)} at its end`;
  return `${used}${aim}${end}`;
};

export class BurnUp {
  #marks = {};
  #svg = makeSvg("svg", { class: "graph burnup", preserveAspectRatio: "none", role: "img" });
  #caption = make("figcaption");
  #levels = make("div", "levels");
  #key;

  constructor() {
    for (const name of ["band", "area", "unseen", "pace", "limit", "deadline", "forecast", "line"]) {
      this.#marks[name] = makeSvg("path", { class: name });
      this.#svg.append(this.#marks[name]);
    }
    setAttribute(this.#svg, "viewBox", `0 0 ${SECONDS} ${HEIGHT}`);
    const times = make(
      "div", "times",
      ...[0, 5, 10, 15].map((minute) => label(`${minute}${minute ? "" : " min"}`, "left", minute / 15)),
    );
    for (const axis of [this.#levels, times]) axis.setAttribute("aria-hidden", "true");
    const item = (name, words) => make("li", "", make("span", `swatch ${name}`), words);
    this.#key = make(
      "ul", "key",
      item("line", "used"), item("forecast", "forecast"), item("limit", "allowance"),
      item("pace", "even pace"),
    );
    this.#key.setAttribute("aria-hidden", "true");
    const plot = make("div", "plot", this.#svg);
    this.element = make(
      "figure", "chart", this.#caption, make("div", "frame", plot, this.#levels, times), this.#key);
  }

  /** @param {object|null} interval as in live.json @param {number|null} target in watts */
  draw(interval, target) {
    const words = described(interval, target);
    setText(this.#caption, words);
    setAttribute(this.#svg, "aria-label", words);
    const high = Math.max(
      (target ?? 0) * SECONDS,
      (interval?.forecast_high_watts ?? interval?.forecast_watts ?? 0) * SECONDS,
      ...(interval?.points ?? []).map(([, joules]) => joules),
    );
    const top = rounded(((high || SECONDS) * 1.02) / KWH) * KWH;
    const y = (joules) => (HEIGHT - (Math.max(0, joules) / top) * HEIGHT).toFixed(2);
    this.#levels.replaceChildren(
      ...(high ? [1, 0.5, 0] : []).map((share) => label(this.#level(top * share), "top", 1 - share)));
    this.#set("pace", target !== null && `M0 ${HEIGHT}L${SECONDS} ${y(target * SECONDS)}`);
    this.#set("limit", target !== null && `M0 ${y(target * SECONDS)}H${SECONDS}`);
    this.#used(interval?.points ?? [], y);
    this.#forecast(interval, y);
    const deadline = interval?.deadline_ms ?? null;
    const at = deadline === null ? null : (deadline - interval.start_ms) / 1000;
    this.#set("deadline", at !== null && at <= SECONDS && `M${at.toFixed(1)} 0V${HEIGHT}`);
  }

  #level(joules) {
    return (format.siteEnergy(joules) ?? "").replace(/\.0+(?=\u00a0)/, "");
  }

  #set(name, path) {
    setAttribute(this.#marks[name], "d", path || "");
  }

  /** What came before the first point is known in sum, and not in shape. */
  #used(points, y) {
    if (!points.length) {
      for (const name of ["line", "area", "unseen"]) this.#set(name, "");
      return;
    }
    const [first] = points;
    const seen = first[0] <= UNSEEN_SECONDS ? [[0, 0], ...points] : points;
    const line = seen.map(([x, joules], i) => `${i ? "L" : "M"}${x} ${y(joules)}`).join("");
    this.#set("line", seen.length > 1 ? line : `${line}h.01`);
    this.#set("unseen", first[0] > UNSEEN_SECONDS && `M0 ${HEIGHT}L${first[0]} ${y(first[1])}`);
    const whole = [[0, 0], ...points];
    const last = points.at(-1)[0];
    this.#set(
      "area",
      `${whole.map(([x, joules], i) => `${i ? "L" : "M"}${x} ${y(joules)}`).join("")}L${last} ${HEIGHT}Z`);
  }

  #forecast(interval, y) {
    const {
      used_joules: used = null, at_seconds: now, forecast_watts: end = null,
      forecast_low_watts: low = null, forecast_high_watts: high = null,
    } = interval ?? {};
    const from = used === null ? "" : `M${now} ${y(used)}`;
    this.#set("forecast", from && end !== null && `${from}L${SECONDS} ${y(end * SECONDS)}`);
    this.#set(
      "band",
      from && low !== null && high !== null
        && `${from}L${SECONDS} ${y(high * SECONDS)}V${y(low * SECONDS)}Z`);
  }
}

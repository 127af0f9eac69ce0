// Power over time, drawn in SVG: sharp at every pixel density, and a gap stays a gap.

import { make, makeSvg, setAttribute, setText } from "./dom.js";
import * as format from "./format.js";

const HEIGHT = 100;

/** Path data of a series: one piece for every stretch without a gap. */
const paths = (watts, top) => {
  let line = "";
  let area = "";
  let start = null;
  const close = (end) => {
    if (start === null) return;
    area += `V${HEIGHT}H${start}Z`;
    if (end === start) line += "h.01"; // a second on its own becomes a dot
    start = null;
  };
  watts.forEach((value, x) => {
    if (value === null) return close(x - 1);
    const y = (HEIGHT - (value / top) * HEIGHT).toFixed(2);
    if (start === null) {
      start = x;
      line += `M${x} ${y}`;
      area += `M${x} ${HEIGHT}V${y}`;
    } else {
      line += `L${x} ${y}`;
      area += `L${x} ${y}`;
    }
  });
  close(watts.length - 1);
  return { line, area };
};

const described = (watts) => {
  const known = watts.filter((value) => value !== null);
  if (!known.length) return null;
  return { low: Math.min(...known), high: Math.max(...known) };
};

/** A small graph: the curve, what is under it, and the limit as a dashed line. */
export class Sparkline {
  constructor() {
    this.area = makeSvg("path", { class: "area" });
    this.limit = makeSvg("path", { class: "limit" });
    this.line = makeSvg("path", { class: "line" });
    this.element = makeSvg("svg", { class: "graph", preserveAspectRatio: "none", role: "img" });
    this.element.append(this.area, this.limit, this.line);
  }

  /**
   * @param {(number|null)[]} watts oldest first, one a second
   * @param {number|null} limit in watts
   * @param {number} [top] watts at the upper edge; by default just above limit and curve
   */
  draw(watts, limit, top) {
    const range = described(watts);
    const edge = top ?? (Math.max(limit ?? 0, range?.high ?? 0) * 1.06 || 1);
    const width = Math.max(1, watts.length - 1);
    const { line, area } = paths(watts, edge);
    setAttribute(this.element, "viewBox", `0 0 ${width} ${HEIGHT}`);
    setAttribute(this.line, "d", line);
    setAttribute(this.area, "d", area);
    const y = limit === null ? null : (HEIGHT - (limit / edge) * HEIGHT).toFixed(2);
    setAttribute(this.limit, "d", y === null ? "" : `M0 ${y}H${width}`);
    const words = range
      ? `${format.power(range.low)} to ${format.power(range.high)}`
      : "no readings";
    setAttribute(this.element, "aria-label", `Power over the last minutes: ${words}`);
  }
}

/** The next round number above, so that an axis can be read. */
const rounded = (watts) => {
  const unit = 10 ** Math.floor(Math.log10(watts));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].find((step) => step * unit >= watts) * unit;
};

/** The large graph: a sparkline with axes and, under the pointer, the value at that second. */
export class Chart {
  #spark = new Sparkline();
  #levels = make("div", "levels");
  #times = make("div", "times");
  #cursor = make("div", "cursor");
  #drawn = null;

  /** @param {HTMLElement} figure @param {HTMLElement} caption */
  constructor(figure, caption) {
    this.caption = caption;
    this.#cursor.hidden = true;
    const plot = make("div", "plot", this.#spark.element, this.#cursor);
    figure.append(make("div", "frame", plot, this.#levels, this.#times));
    for (const axis of [this.#levels, this.#times]) axis.setAttribute("aria-hidden", "true");
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      this.#point((event.clientX - box.left) / box.width);
    });
    plot.addEventListener("pointerleave", () => this.#point(null));
    this.at = null;
  }

  /** @param {(second: number) => number} timeOf wall time, in ms, of a second counted from the end */
  draw(watts, limit, timeOf) {
    const high = Math.max(limit ?? 0, ...watts.filter((value) => value !== null));
    const top = rounded(high * 1.02 || 1);
    this.#spark.draw(watts, limit, top);
    if (this.#drawn?.top !== top) this.#label(this.#levels, [1, 0.5, 0], (at) => [
      format.level(top * at), "top", 1 - at,
    ]);
    const minutes = Math.max(1, Math.round(watts.length / 60));
    if (this.#drawn?.watts.length !== watts.length) {
      const marks = Array.from({ length: minutes + 1 }, (_, index) => index);
      this.#label(this.#times, marks, (m) => [
        m === minutes ? "now" : `\u2212${minutes - m}${m ? "" : " min"}`, "left", m / minutes,
      ]);
    }
    this.#drawn = { watts, limit, timeOf, top };
    this.#point(this.at);
  }

  #label(axis, marks, place) {
    axis.replaceChildren(
      ...marks.map((mark) => {
        const [text, side, share] = place(mark);
        const label = make("span", "", text);
        label.style.setProperty(side, `${share * 100}%`);
        return label;
      }),
    );
  }

  #point(at) {
    this.at = at;
    this.#cursor.hidden = at === null;
    if (!this.#drawn) return;
    const { watts, limit, timeOf } = this.#drawn;
    if (at === null) {
      const range = described(watts);
      const words = range ? `${format.power(range.low)} to ${format.power(range.high)}` : "no readings";
      const dashed = limit === null ? "" : "; dashed: the limit";
      setText(this.caption, `Last ${Math.round(watts.length / 60)} minutes: ${words}${dashed}`);
      return;
    }
    const last = watts.length - 1;
    const index = Math.min(last, Math.max(0, Math.round(at * last)));
    this.#cursor.style.setProperty("left", `${(index / last) * 100}%`);
    const value = format.power(watts[index]) ?? "not known";
    setText(this.caption, `${format.clock(timeOf(last - index))}: ${value}`);
  }
}

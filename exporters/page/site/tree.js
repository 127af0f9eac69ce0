// The electrical tree as a table whose levels open and close; the worst of each level first.

import { make, setAttribute, setOptional, setText, setValue } from "./dom.js";
import * as format from "./format.js";
import { bounds, setBar } from "./power.js";

const OPEN_ROWS = 24;
const MOST_ALARMED = 4;
const STATES = {
  over: "over limit",
  near: "near limit",
  unplanned: "over budget",
  partial: "partly known",
  unknown: "not known",
};
const ORDER = [...Object.keys(STATES), "well"];
const SOURCES = { meter: "meter", sum: "sum" };
const natural = new Intl.Collator("en", { numeric: true });

/** A row of the table; it is kept as long as its branch is shown at that place. */
class Row {
  constructor(toggle) {
    this.button = make("button", "toggle");
    this.button.type = "button";
    this.button.addEventListener("click", () => toggle(this));
    this.name = make("span", "branch");
    this.level = make("span", "note");
    this.state = make("span", "chip");
    const title = make("th", "", make("div", "title", make("span", "lead", this.button, this.name), this.level, this.state));
    title.scope = "row";
    this.title = title;
    this.power = make("span");
    this.bounds = make("span", "note");
    this.bar = make("div");
    this.share = make("span", "note");
    this.headroom = make("span");
    this.cause = make("span", "note");
    this.budget = make("span");
    this.stranded = make("span", "note");
    this.source = make("span", "note");
    this.source.title = "A sum is that of what it feeds; a load with two feeds and one meter counts half in each.";
    this.element = make(
      "tr", "", title,
      make("td", "number", this.power, this.bounds),
      make("td", "share", make("div", "bar", this.bar), this.share),
      make("td", "number", this.headroom, this.cause),
      make("td", "number wide", this.budget, this.stranded),
      make("td", "wide", this.source),
    );
  }

  /** @param {object} shown branch, depth, path, open, below */
  update({ branch, depth, path, open, below }) {
    this.path = path;
    setAttribute(this.element, "data-state", branch.state);
    this.title.style.setProperty("--depth", String(depth));
    this.button.hidden = !below;
    setText(this.button, open ? "\u25be" : "\u25b8");
    setAttribute(this.button, "aria-expanded", String(open));
    setAttribute(this.button, "aria-label", `${branch.id}: what it feeds`);
    setText(this.name, branch.id);
    const twice = branch.parents.length > 1 ? `, fed by ${branch.parents.join(" and ")}` : "";
    setText(this.level, branch.level + twice);
    setOptional(this.state, STATES[branch.state] ?? "");
    const { power, limit_watts: limit, headroom_watts: headroom } = branch;
    setValue(this.power, format.sitePower(power.watts));
    setOptional(this.bounds, power.watts === null && power.at_most_watts === null ? "" : bounds(power));
    const share = power.watts !== null && limit ? power.watts / limit : null;
    setBar(this.bar, share, branch.state);
    setOptional(
      this.share,
      limit === null ? "no limit stated"
        : share === null ? `of ${format.sitePower(limit)}`
          : `${format.percent(share)} of ${format.sitePower(limit)}`);
    setValue(this.headroom, format.sitePower(headroom));
    setAttribute(this.headroom, "class", headroom !== null && headroom < 0 ? "bad" : "");
    setOptional(this.cause, branch.limited_by === null ? "" : `by ${branch.limited_by}`);
    setValue(this.budget, format.sitePower(branch.budget_watts));
    const stranded = branch.stranded_watts;
    setOptional(this.stranded, stranded ? `${format.sitePower(stranded)} of it stranded` : "");
    setText(this.source, SOURCES[branch.source] ?? "");
  }
}

/** The line for branches that are not sent. */
class Rest {
  constructor() {
    this.words = make("td", "note rest");
    this.words.colSpan = 6;
    this.element = make("tr", "", this.words);
  }

  update({ hidden, depth, some }) {
    this.words.style.setProperty("--depth", String(depth));
    const { count, unknown, highest_ratio: ratio } = hidden;
    const most = ratio === null ? "" : `; highest ${format.percent(ratio)} of its limit`;
    const blind = unknown ? `; ${unknown} not wholly known` : "";
    setText(this.words, `${count} ${some ? "more " : ""}not listed${most}${blind}`);
  }
}

export class TreeTable {
  #rows = new Map();
  #open = null;
  #alarmed = new Set();
  #toggled = new Map();
  #tree = null;

  constructor(body, note) {
    this.body = body;
    this.note = note;
  }

  /** @param {object} tree as in live.json */
  update(tree) {
    this.#tree = tree;
    const below = new Map();
    const tops = [];
    for (const branch of tree.branches) {
      if (!branch.parents.length) tops.push(branch);
      for (const parent of branch.parents) {
        below.set(parent, [...(below.get(parent) ?? []), branch]);
      }
    }
    const worst = (a, b) =>
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || natural.compare(a.id, b.id);
    for (const list of [tops, ...below.values()]) list.sort(worst);
    this.#open ??= this.#opened(tops, below);
    this.#alarmed = this.#above(tree.branches.filter(({ state }) => state === "over"));
    this.#show(this.#flat(tops, below));
    this.#count(tree);
  }

  /** At first, whole levels from the top are open as long as they fit the screen. */
  #opened(tops, below) {
    const open = new Set();
    let level = tops.map((branch) => [branch, branch.id]);
    let rows = level.length;
    while (level.length) {
      const next = level.flatMap(([branch, path]) =>
        (below.get(branch.id) ?? []).map((child) => [child, `${path}/${child.id}`]));
      rows += next.length;
      if (!next.length || rows > OPEN_ROWS) break;
      for (const [, path] of level) open.add(path);
      level = next;
    }
    return open;
  }

  /** What feeds the first of those branches: it opens by itself, so that they are seen. */
  #above(branches) {
    const parents = new Map(this.#tree.branches.map((branch) => [branch.id, branch.parents]));
    const found = new Set();
    const queue = branches.slice(0, MOST_ALARMED).flatMap((branch) => branch.parents);
    for (const id of queue) {
      if (found.has(id)) continue;
      found.add(id);
      queue.push(...(parents.get(id) ?? []));
    }
    return found;
  }

  #isOpen(path) {
    const id = path.split("/").at(-1);
    return this.#toggled.get(path) ?? (this.#open.has(path) || this.#alarmed.has(id));
  }

  #flat(tops, below) {
    const rows = [];
    const walk = (branch, depth, above) => {
      const path = above + branch.id;
      const children = below.get(branch.id) ?? [];
      const open = this.#isOpen(path);
      rows.push({ branch, depth, path, open, below: children.length > 0 || branch.hidden !== null });
      if (!open) return;
      for (const child of children) walk(child, depth + 1, `${path}/`);
      if (branch.hidden) {
        rows.push({
          hidden: branch.hidden, depth: depth + 1, path: `${path}/\u2026`, some: children.length > 0,
        });
      }
    };
    for (const top of tops) walk(top, 0, "");
    return rows;
  }

  #show(rows) {
    const shown = new Set(rows.map(({ path }) => path));
    for (const [path, row] of this.#rows) {
      if (shown.has(path)) continue;
      row.element.remove();
      this.#rows.delete(path);
    }
    rows.forEach((row, position) => {
      const made = this.#rows.get(row.path)
        ?? (row.hidden ? new Rest() : new Row((which) => this.#toggle(which)));
      this.#rows.set(row.path, made);
      const there = this.body.children[position] ?? null;
      if (there !== made.element) this.body.insertBefore(made.element, there);
      made.update(row);
    });
  }

  #toggle({ path }) {
    this.#toggled.set(path, !this.#isOpen(path));
    this.update(this.#tree);
  }

  #count({ total, states, branches }) {
    const words = ORDER.filter((state) => STATES[state] && states[state])
      .map((state) => `${states[state]} ${STATES[state]}`);
    const listed = branches.length < total ? `; the worst ${branches.length} are listed` : "";
    const troubled = words.length ? `: ${words.join(", ")}` : ", all within their limits";
    setText(this.note, `${total} ${total === 1 ? "branch" : "branches"}${troubled}${listed}`);
  }
}

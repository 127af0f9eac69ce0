// Redundancy groups, meters, coolant: the lists below the tree.

import { at, make, setAttribute, setItems, setOptional, setText, setValue } from "./dom.js";
import * as format from "./format.js";
import { setBar } from "./power.js";

const natural = new Intl.Collator("en", { numeric: true });

const cells = (...classes) => () => {
  const title = make("th");
  title.scope = "row";
  return make("tr", "", title, ...classes.map((name) => make("td", name)));
};

const more = (all, sent, words) => (all > sent ? `; ${all - sent} more are not listed${words}` : "");

/** Trouble first, then by name, so that nothing moves without a reason. */
const ordered = (items, states) =>
  [...items].sort((a, b) =>
    states.indexOf(a.state) - states.indexOf(b.state) || natural.compare(a.id, b.id));

const newGroup = () =>
  make(
    "li", "",
    make("p", "title", make("strong"), " ", make("span", "note")),
    make("p", "value"),
    make("div", "bar", make("div")),
    make("p", "note"),
  );

export const showGroups = ({ groups, groups_total: all }) => {
  at("groups-panel").hidden = !groups.length;
  setText(
    at("groups-note"),
    `A and B at the same time, against what is left when one fails${more(all, groups.length, ", none of them fuller")}`,
  );
  setItems(at("groups"), ordered(groups, ["over", "near", "unknown", "well"]), newGroup, (item, group) => {
    const [title, value, bar, note] = item.children;
    setAttribute(item, "data-state", group.state);
    setText(title.firstElementChild, group.id);
    setText(title.lastElementChild, group.members.join(", "));
    setValue(value, format.sitePower(group.watts));
    const { watts, limit_watts: limit } = group;
    const share = watts !== null && limit ? watts / limit : null;
    setBar(bar.firstElementChild, share, group.state);
    const of = limit === null ? "no limit is stated" : `of ${format.sitePower(limit)}`;
    const most = group.at_most_watts;
    const bound = most === null ? "a side is not known" : `at most ${format.sitePower(most)}`;
    const words = watts === null ? `${bound}; ${of}` : of;
    setText(note, share === null ? words : `${format.percent(share)} ${of}`);
  });
};

const FEW = 12;
let allMeters = false;

const METER_STATES = { silent: "no reading yet", stale: "stale", bad: "bad", good: "good" };

/** All that are not well, and some of the others until more are asked for. */
const showButton = (rows, data) => {
  const button = at("meters-all");
  const bad = rows.filter(({ state }) => state !== "good").length;
  const few = Math.max(FEW, bad);
  button.hidden = rows.length <= few;
  setText(button, allMeters ? "Show fewer" : `Show ${rows.length - few} more`);
  setAttribute(button, "aria-expanded", String(allMeters));
  button.onclick = () => {
    allMeters = !allMeters;
    showMeters(data);
  };
  return allMeters ? rows : rows.slice(0, few);
};

export const showMeters = (data) => {
  const { total, good, rows: sent } = data.meters;
  const rows = showButton(ordered(sent, Object.keys(METER_STATES)), data);
  setText(at("meters-note"), `${good} of ${total} good${more(total, sent.length, "")}`);
  const row = cells("", "number", "number", "wide", "wide", "number wide");
  setItems(at("meters"), rows, row, (item, meter) => {
    const [title, state, age, power, branch, role, factor] = item.children;
    setAttribute(item, "data-state", meter.state === "good" ? "" : "bad");
    setText(title, meter.id);
    setText(state, METER_STATES[meter.state]);
    const seconds = meter.age_seconds;
    setValue(age, seconds === null ? null : format.duration(seconds));
    age.title = `stale from ${format.duration(meter.stale_seconds)} on`;
    setValue(power, format.sitePower(meter.watts));
    setText(branch, meter.branch);
    setText(role, meter.role);
    setValue(factor, format.ratio(meter.power_factor_ratio));
  });
};

export const showCoolant = ({ coolant, coolant_total: all }) => {
  at("coolant-panel").hidden = !coolant.length;
  setOptional(at("coolant-note"), more(all, coolant.length, ", none of them hotter").replace(/^; /, ""));
  const loops = [...coolant].sort((a, b) => natural.compare(a.id, b.id));
  setItems(at("coolant"), loops, cells("number", "number", "number"), (item, loop) => {
    const { supply_celsius: supply, return_celsius: back } = loop;
    const [title, ...values] = item.children;
    setText(title, loop.id);
    const difference = supply === null || back === null ? null : back - supply;
    [supply, back, difference].forEach((degrees, i) => setValue(values[i], format.tenths(degrees)));
  });
};

// What is wrong, what is delivered, and whether the page's data is of now: on every page the same.

import { at, make, setAttribute, setItems, setOptional, setText } from "./dom.js";
import * as format from "./format.js";

const newFault = () =>
  make(
    "li", "",
    make("p", "part", make("strong"), " ", make("span", "note")),
    make("p", "problem"),
    make("p", "action"),
  );

const NAMES = { influxdb: "InfluxDB", mqtt: "MQTT" };

const deliveryWords = ({ name, up, waiting_rows: rows, oldest_seconds: age }) => {
  const waits = rows ? `${rows} ${rows === 1 ? "row waits" : "rows wait"}` : "nothing waits";
  const old = rows && age > 60 ? `, the oldest for ${format.duration(age)}` : "";
  return `${NAMES[name] ?? name}: ${up ? "delivering" : "not delivering"}, ${waits}${old}`;
};

/** @param {object} data as in live.json; `faults_total` where not all faults were sent */
export const showHealth = ({ faults, faults_total: all, deliveries, ready, wall_ms: now }) => {
  setOptional(at("deliveries"), deliveries.map(deliveryWords).join("; "));
  const count = all ?? faults.length;
  const shown = count > faults.length ? `, ${faults.length} of them below` : "";
  const summary = count
    ? `${count} ${count === 1 ? "part is" : "parts are"} not well${shown}`
    : ready ? "All well" : "Starting";
  setText(at("health-summary"), summary);
  setAttribute(at("health"), "data-well", String(!faults.length));
  setItems(at("faults"), faults, newFault, (item, fault) => {
    const [title, problem, action] = item.children;
    const since = format.duration((now - fault.since_ms) / 1000);
    setText(title.firstElementChild, fault.part.replace(/^gpu /, "GPU "));
    setText(title.lastElementChild, `since ${format.clock(fault.since_ms)} (${since})`);
    setText(problem, fault.problem);
    setOptional(action, fault.action);
  });
};

const WORDS = {
  waiting: "Connecting",
  live: "Live",
  starting: "Starting",
  lost: "Connection lost",
  stale: "No new data",
};

/** @param {object} feed @param {string} who answers: the node, the site */
export const showState = (feed, who) => {
  const { name, reason } = feed.state;
  const age = feed.age === null ? null : format.duration(feed.age / 1000);
  const troubled = name === "lost" || name === "stale";
  setText(at("state"), WORDS[name]);
  setAttribute(at("state"), "data-state", name);
  setAttribute(document.body, "data-old", String(troubled));
  const aged = age === null ? "" : ` What you see is ${age} old.`;
  const notices = {
    starting: `The ${who} has no readings yet.`,
    lost: `Connection lost: ${reason}.${aged} Trying again every few seconds.`,
    stale: `The ${who} answers, but its data stands still.${aged}`,
  };
  setOptional(at("notice"), notices[name] ?? "");
  setOptional(at("age"), age === null ? "" : `Data ${age} old`);
};

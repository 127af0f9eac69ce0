// Numbers and times as people read them. A no-break space parts a number from its unit.

const SPACE = "\u00a0";

/** Text of a value, or null when there is none. */
const unless = (value, text) => (value === null || value === undefined ? null : text(value));

const scaled = (value, unit, big, bigUnit) => {
  if (Math.round(value) < 1000) return Math.round(value) + SPACE + unit;
  const large = value / big;
  return large.toFixed(large < 99.995 ? 2 : 1) + SPACE + bigUnit;
};

/** Watts below 1 kW, else kilowatts. */
export const power = (watts) => unless(watts, (w) => scaled(w, "W", 1000, "kW"));

/** Digits that keep a number to about four figures, but no finer than a watt. */
const figures = (size) => (size < 10 ? 3 : size < 100 ? 2 : 1);

/** Power of a site: watts up to gigawatts, below zero too. */
export const sitePower = (watts) =>
  unless(watts, (w) => {
    const size = Math.abs(w);
    if (Math.round(size) < 1000) return (Math.round(w) || 0) + SPACE + "W";
    if (size < 999_950) return (w / 1e3).toFixed(1) + SPACE + "kW";
    if (size < 999_950_000) return (w / 1e6).toFixed(figures(size / 1e6)) + SPACE + "MW";
    return (w / 1e9).toFixed(figures(size / 1e9)) + SPACE + "GW";
  });

/** Energy of a site: kilowatt-hours or megawatt-hours. */
export const siteEnergy = (joules) =>
  unless(joules, (j) => {
    const kwh = j / 3.6e6;
    if (Math.abs(kwh) < 999.95) return kwh.toFixed(1) + SPACE + "kWh";
    return (kwh / 1e3).toFixed(figures(Math.abs(kwh) / 1e3)) + SPACE + "MWh";
  });

/** Degrees to a tenth, where small differences count. */
export const tenths = (degrees) => unless(degrees, (d) => d.toFixed(1) + SPACE + "°C");

export const ratio = (value) => unless(value, (v) => v.toFixed(3));

/** Power without needless zeros, for an axis. */
export const level = (watts) => power(watts).replace(/\.0+(?=\u00a0)/, "");

/** Kilowatt-hours from joules. */
export const energy = (joules) =>
  unless(joules, (j) => {
    const kwh = j / 3.6e6;
    return kwh.toFixed(kwh < 0.9995 ? 3 : kwh < 99.995 ? 2 : 1) + SPACE + "kWh";
  });

export const celsius = (degrees) => unless(degrees, (d) => Math.round(d) + SPACE + "°C");

export const percent = (ratio) => unless(ratio, (r) => Math.round(r * 100) + SPACE + "%");

/** A share that is never rounded up to the whole. */
export const share = (ratio) =>
  unless(ratio, (r) => (Math.floor(r * 1000) / 10).toFixed(1) + SPACE + "%");

export const megahertz = (hertz) => unless(hertz, (h) => Math.round(h / 1e6) + SPACE + "MHz");

export const gibibytes = (bytes) =>
  unless(bytes, (b) => (b / 2 ** 30).toFixed(1) + SPACE + "GiB");

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** A time of day in the browser's zone; with its date when that is not today's. */
export const clock = (milliseconds) => {
  const when = new Date(milliseconds);
  const time = when.toLocaleTimeString("en-GB", CLOCK);
  if (when.toDateString() === new Date().toDateString()) return time;
  return when.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) + ", " + time;
};

/** A duration in its largest fitting unit. */
export const duration = (seconds) => {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return s + SPACE + "s";
  if (s < 7200) return Math.floor(s / 60) + SPACE + "min";
  if (s < 172800) return Math.floor(s / 3600) + SPACE + "h";
  return Math.floor(s / 86400) + SPACE + "days";
};

// Which reasons are trouble: heat and the power brake. The others are settings, or rest.
const REASONS = {
  idle: ["idle", false],
  applications_clocks: ["clock setting", false],
  power_cap: ["power limit", false],
  sync_boost: ["sync boost", false],
  display_clocks: ["display", false],
  software_thermal: ["heat (driver)", true],
  hardware_thermal: ["heat (hardware)", true],
  power_brake: ["power brake", true],
  hardware_slowdown: ["hardware slowdown", true],
};

/** What holds the clocks down, in words, and whether it is trouble; null when not reported. */
export const clockEvents = (reasons) =>
  unless(reasons, (active) => {
    // The driver's general slowdown bit says nothing beside the one that names the cause.
    const named = active.includes("hardware_thermal") || active.includes("power_brake");
    const shown = active.filter((reason) => !(named && reason === "hardware_slowdown"));
    const known = shown.map((reason) => REASONS[reason] ?? [reason.replaceAll("_", " "), false]);
    return {
      text: known.map(([words]) => words).join(", ") || "nothing",
      trouble: known.some(([, trouble]) => trouble),
    };
  });

// How a power and its share of a limit are said.

import * as format from "./format.js";

/** What is known of a power besides its number: empty when all is. */
export const bounds = ({ watts, at_most_watts: most, coverage_ratio: coverage }) => {
  if (coverage !== null && coverage >= 1 && watts !== null) return "";
  const words = [];
  if (watts !== null) words.push("at least");
  if (most !== null) words.push(`at most ${format.sitePower(most)}`);
  if (watts !== null && coverage !== null) words.push(`${format.share(coverage)} known`);
  return words.join(", ") || "not known";
};

/** A bar's length and colour. */
export const setBar = (bar, share, state = "") => {
  bar.parentElement.hidden = share === null;
  bar.style.setProperty("width", `${Math.min(1, Math.max(0, share ?? 0)) * 100}%`);
  bar.parentElement.dataset.state = state;
};

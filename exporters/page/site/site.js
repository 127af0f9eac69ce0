// A site's page: joins the daemon's answers to what is on the screen.

import { at, make, setAttribute, setItems, setOptional, setText, setValue } from "./dom.js";
import { Feed } from "./feed.js";
import { FeedPanel } from "./feedpanel.js";
import * as format from "./format.js";
import { showHealth, showState } from "./health.js";
import { bounds, setBar } from "./power.js";
import { showCoolant, showGroups, showMeters } from "./tables.js";
import { TreeTable } from "./tree.js";

const PERIOD_MS = 2000;

const panels = new Map();
const tree = new TreeTable(at("tree"), at("tree-note"));
let version = null;

const showPower = ({ power, contract_watts: contract }) => {
  setValue(at("power"), format.sitePower(power.watts));
  setOptional(at("power-quality"), bounds(power));
  const share = power.watts !== null && contract ? power.watts / contract : null;
  setBar(at("power-bar"), share);
  setOptional(
    at("power-note"),
    share === null
      ? contract ? `contract ${format.sitePower(contract)}` : "No contract is stated"
      : `${format.percent(share)} of ${format.sitePower(contract)}, the contract`,
  );
};

const WINDOWS = { "15m": "15 minutes", "1d": "1 day", "30d": "30 days", "365d": "365 days" };

const showFigures = ({ figures, pue_category: category }) => {
  const row = () => {
    const title = make("th");
    title.scope = "row";
    return make("tr", "", title, make("td"), make("td"), make("td"));
  };
  setItems(at("figures"), figures, row, ({ children }, figure) => {
    setText(children[0], WINDOWS[figure.window] ?? figure.window);
    setValue(children[1], format.ratio(figure.pue));
    setValue(children[2], format.share(figure.pue_coverage_ratio));
    setValue(children[3], format.ratio(figure.load_factor));
  });
  setText(
    at("figures-note"),
    `PUE of category ${category}, interim below 365 days; it is there once 95\u00a0% of its window is covered.`,
  );
};

const showFeeds = ({ feeds, feeds_total: all, wall_ms: now }) => {
  const list = at("feeds");
  const known = new Set(feeds.map((feed) => feed.id));
  for (const [id, panel] of panels) {
    if (known.has(id)) continue;
    panel.element.remove();
    panels.delete(id);
  }
  feeds.forEach((feed, position) => {
    const panel = panels.get(feed.id) ?? new FeedPanel(feed.id);
    panels.set(feed.id, panel);
    const there = list.children[position] ?? null;
    if (there !== panel.element) list.insertBefore(panel.element, there);
    panel.update(feed, now);
  });
  const rest = all - feeds.length;
  setOptional(at("feeds-more"), rest ? `${rest} more, none of them nearer to its target` : "");
};

const showLinks = ({ grafana_url: url }) => {
  const link = at("grafana");
  link.hidden = !/^https?:\/\//.test(url);
  if (!link.hidden) setAttribute(link, "href", url);
};

const show = (data) => {
  version ??= data.version;
  if (version !== data.version) location.reload(); // the daemon was upgraded, and so is its page
  at("main").hidden = at("footer").hidden = false;
  setText(at("site"), data.site);
  at("simulated").hidden = !data.simulated;
  showLinks(data);
  showPower(data);
  showFigures(data);
  showHealth(data);
  showFeeds(data);
  tree.update(data.tree);
  showGroups(data);
  showMeters(data);
  showCoolant(data);
  setText(at("version"), `Wattkeeper ${data.version}`);
  setText(at("zone"), `Months are those of ${data.zone}; clock times are your browser's.`);
  document.title = `${format.sitePower(data.power.watts) ?? "\u2013"} \u00b7 ${data.site}`;
  return true;
};

const feed = new Feed(show, () => showState(feed, "site"), PERIOD_MS);
feed.start();

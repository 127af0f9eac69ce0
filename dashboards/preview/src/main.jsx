// Draws one dashboard: /?d=wk-site.json&prometheus=URL&range=3600&at=END&var-node=NAME
import { ThemeContext, createTheme } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { prepared } from './frames.js';
import { Body } from './panels.jsx';
import { ask, rangeOf, variables } from './query.js';

const WIDTH = 1600;
const ROW = 38;
const given = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: 'dark' } });

// Panels with those of folded rows below, as if every row were open.
function opened(panels) {
  const found = [];
  let shift = 0;
  for (const panel of panels) {
    found.push({ ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + shift } });
    if (panel.type !== 'row' || !panel.panels.length || given.get('open') !== '1') continue;
    found.push(...panel.panels);
    shift += Math.max(...panel.panels.map((one) => one.gridPos.y + one.gridPos.h)) - panel.gridPos.y - 1;
  }
  return found;
}

async function drawn(panel, where) {
  if (panel.type === 'row') return { panel, frames: [] };
  try {
    return { panel, frames: await prepared(panel, await ask(panel, where), theme) };
  } catch (error) {
    return { panel, frames: [], error: String(error) };
  }
}

function Place({ panel, children }) {
  const { x, y, w, h } = panel.gridPos;
  const unit = WIDTH / 24;
  const style = { position: 'absolute', left: x * unit, top: 44 + y * ROW, width: w * unit - 8, height: h * ROW - 8 };
  return <div style={style}>{children(w * unit - 8, h * ROW - 8)}</div>;
}

function Drawn({ one, where }) {
  const { panel, frames, error } = one;
  if (panel.type === 'row') return <Place panel={panel}>{() => <b>▾ {panel.title}</b>}</Place>;
  return (
    <Place panel={panel}>
      {(width, height) => (
        <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
          {(w, h) => <Body panel={panel} frames={frames} error={error} theme={theme} where={rangeOf(panel, where)} width={w} height={h} />}
        </PanelChrome>
      )}
    </Place>
  );
}

async function main() {
  const dashboard = await (await fetch(given.get('d'))).json();
  const span = Number(given.get('range') ?? 3600);
  const step = Math.max(15, Math.round(span / 240));
  const to = Number(given.get('at') ?? Math.floor(Date.now() / 15000) * 15);
  const where = {
    prometheus: given.get('prometheus'), influxdb: given.get('influxdb'), database: given.get('database') ?? 'power',
    from: to - span, to, step,
  };
  where.values = await variables(dashboard, where, given);
  const all = await Promise.all(opened(dashboard.panels).map((panel) => drawn(panel, where)));
  const note = 'drawn with @grafana/ui, not by Grafana';
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <h2 style={{ fontSize: 20, margin: '4px 0' }}>{dashboard.title} <small style={{ opacity: 0.5 }}>{note}</small></h2>
      {all.map((one, i) => <Drawn key={i} one={one} where={where} />)}
    </ThemeContext.Provider>,
  );
  setTimeout(() => { document.title = 'done'; }, 1500);
}

main();

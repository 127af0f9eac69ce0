// Draws one dashboard: /?d=wk-site.json&prometheus=URL&range=3600&at=END&zone=Asia/Seoul&var-node=NAME
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import { ThemeContext, createTheme, dateTimeFormat } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { prepared } from './frames.js';
import { Body } from './panels.jsx';
import { ask, rangeOf, variables } from './query.js';

const WIDTH = 1600;
const ROW = 38;
const NOTE = 'drawn with @grafana/ui, not by Grafana';
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
    return { panel, frames: await prepared(panel, await ask(panel, where), theme, where.zone) };
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
  if (panel.type === 'row') return <Place panel={panel}>{() => <div style={{ paddingTop: 8, fontSize: 16, fontWeight: 500 }}>▾ {panel.title}</div>}</Place>;
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

// What Grafana has above the panels, as far as it can be read: no menu opens.
function Head({ dashboard, where }) {
  const chip = { border: '1px solid #2e3036', borderRadius: 2, padding: '3px 8px', marginLeft: 6, fontSize: 12 };
  const badge = { ...chip, background: '#f2cc0c', color: '#111217', fontWeight: 500, border: 0 };
  const places = dashboard.templating.list.filter((one) => one.type === 'query');
  const moment = (seconds) => dateTimeFormat(seconds * 1000, { timeZone: where.zone, format: 'YYYY-MM-DD HH:mm' });
  return (
    <div style={{ display: 'flex', alignItems: 'center', height: 36, width: WIDTH - 8, whiteSpace: 'nowrap' }}>
      <span style={{ fontSize: 20, fontWeight: 500 }}>{dashboard.title}</span>
      <span style={badge}>PREVIEW</span>
      <span style={{ marginLeft: 8, opacity: 0.6, overflow: 'hidden', textOverflow: 'ellipsis' }}>{NOTE}</span>
      <span style={{ marginLeft: 'auto' }} />
      {places.map((one) => (
        <span key={one.name} style={chip}>
          <span style={{ opacity: 0.6 }}>{one.label} </span>{where.values[one.name] === '.*' ? 'All' : where.values[one.name]}
        </span>
      ))}
      <span style={chip}>{moment(where.from)} to {moment(where.to)} {where.zone === 'utc' ? 'UTC' : where.zone}</span>
    </div>
  );
}

const isDrawn = (canvas) =>
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((part) => part);

// Says in the title when every graph is there.
function watch(graphs) {
  const canvases = [...document.querySelectorAll('canvas')];
  if (canvases.length >= graphs && canvases.every(isDrawn)) document.title = 'done';
  else setTimeout(watch, 250, graphs);
}

async function main() {
  const dashboard = await (await fetch(given.get('d'))).json();
  const span = Number(given.get('range') ?? 3600);
  const step = Math.max(15, Math.round(span / 240));
  const to = Number(given.get('at') ?? Math.floor(Date.now() / 15000) * 15);
  const where = {
    prometheus: given.get('prometheus'), influxdb: given.get('influxdb'), database: given.get('database') ?? 'power',
    from: to - span, to, step, zone: given.get('zone') ?? 'utc',
  };
  where.values = await variables(dashboard, where, given);
  const all = await Promise.all(opened(dashboard.panels).map((panel) => drawn(panel, where)));
  await Promise.all(['400 13px Inter', '500 13px Inter'].map((font) => document.fonts.load(font)));
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <Head dashboard={dashboard} where={where} />
      {all.map((one, i) => <Drawn key={i} one={one} where={where} />)}
    </ThemeContext.Provider>,
  );
  watch(all.filter(({ panel, frames }) => panel.type === 'timeseries' && frames.some((frame) => frame.length)).length);
}

main();

// Asks Prometheus and InfluxDB what a panel's targets ask for, and makes Grafana's frames of it.
import { FieldType, toDataFrame } from '@grafana/data';

// The begin of a panel's own range: of today, of this month (UTC), or so long before its end.
function beginOf(timeFrom, to) {
  const begin = new Date(to * 1000);
  if (timeFrom === '2h') return to - 2 * 3600;
  begin.setUTCHours(0, 0, 0, 0);
  if (timeFrom === 'now/M') begin.setUTCDate(1);
  return begin.getTime() / 1000;
}

function monthBefore(time) {
  const moved = new Date(time * 1000);
  moved.setUTCMonth(moved.getUTCMonth() - 1);
  return moved.getTime() / 1000;
}

export function filled(text, values) {
  return text.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (whole, a, b) => values[a ?? b] ?? whole);
}

async function json(url) {
  const answer = await fetch(url);
  return answer.json();
}

const encode = (parts) => new URLSearchParams(parts).toString();

function named(legend, labels) {
  if (!legend) return JSON.stringify(labels);
  return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '').trim();
}

async function promql(target, where, values) {
  const expr = filled(target.expr, values);
  const step = Math.max(where.step, target.every);
  const url = target.instant
    ? `${where.prometheus}/api/v1/query?${encode({ query: expr, time: where.to, nocache: 1 })}`
    : `${where.prometheus}/api/v1/query_range?${encode({ query: expr, start: where.from, end: where.to, step, nocache: 1 })}`;
  const answer = await json(url);
  if (answer.status !== 'success') throw new Error(answer.error);
  const rows = answer.data.result;
  if (target.format === 'table') return tableFrames(target, rows);
  return rows.map((row) => {
    const points = new Map((row.values ?? [row.value]).map(([time, value]) => [Math.round(time), Number(value)]));
    const times = target.instant ? [...points.keys()] : steps(where, step);
    const name = named(target.legendFormat, row.metric);
    return series(target.refId, name, row.metric, times.map((t) => t * 1000), times.map((t) => points.get(t) ?? null));
  });
}

// Missing stays missing: a step without a sample is a null, not a bridge.
function steps(where, step) {
  const found = [];
  for (let time = where.from; time <= where.to; time += step) found.push(Math.round(time));
  return found;
}

function series(refId, name, labels, times, values) {
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: times },
      { name: 'Value', type: FieldType.number, labels, values, config: { displayNameFromDS: name } },
    ],
  });
}

function tableFrames(target, rows) {
  if (!rows.length) return [];
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.metric)))].filter((one) => one !== '__name__');
  const fields = [
    { name: 'Time', type: FieldType.time, values: rows.map((row) => row.value[0] * 1000) },
    ...labels.map((one) => ({ name: one, type: FieldType.string, values: rows.map((row) => row.metric[one] ?? '') })),
    { name: target.value, type: FieldType.number, values: rows.map((row) => Number(row.value[1])) },
  ];
  return [toDataFrame({ refId: target.refId, fields })];
}

async function influxql(target, where, values) {
  if (!where.influxdb) throw new Error('no InfluxDB was given');
  const range = `time >= ${where.from}s AND time <= ${where.to}s`;
  const q = filled(target.query, { ...values, timeFilter: range });
  const answer = await json(`${where.influxdb}/query?${encode({ db: where.database, epoch: 'ms', q })}`);
  const result = answer.results?.[0] ?? {};
  if (answer.error || result.error) throw new Error(answer.error ?? result.error);
  return (result.series ?? []).map((one) => {
    if (target.resultFormat === 'table') {
      const fields = one.columns.map((name, i) => ({
        name: name === 'time' ? 'Time' : name,
        type: name === 'value' ? FieldType.number : name === 'time' ? FieldType.time : FieldType.string,
        values: one.values.map((row) => row[i]),
      }));
      return toDataFrame({ refId: target.refId, fields });
    }
    const alias = (target.alias ?? '').replace(/\$tag_(\w+)/g, (_, tag) => one.tags?.[tag] ?? '');
    return series(target.refId, alias, one.tags ?? {}, one.values.map((row) => row[0]), one.values.map((row) => row[1]));
  });
}

// The dashboard's range, or the panel's own.
export function rangeOf(panel, where) {
  if (!panel.timeFrom) return where;
  const from = beginOf(panel.timeFrom, where.to);
  const step = Math.max(15, Math.round((where.to - from) / 240));
  if (panel.timeShift !== '1M') return { ...where, step, from };
  return { ...where, step, from: monthBefore(from), to: monthBefore(where.to) };
}

// All frames of a panel. `where.values` are those of the dashboard's variables.
export async function ask(panel, where) {
  const own = rangeOf(panel, where);
  const every = panel.interval === '1h' ? 3600 : 0;
  const several = panel.targets.length > 1;
  const frames = panel.targets.map((target) => {
    const values = { ...where.values, __rate_interval: `${Math.max(60, own.step + 15)}s`, __interval: `${own.step}s`, __range: `${own.to - own.from}s` };
    const value = several ? `Value #${target.refId}` : 'Value';
    const call = target.datasource.type === 'influxdb' ? influxql : promql;
    return call({ ...target, value, every }, own, values);
  });
  return (await Promise.all(frames)).flat();
}

// What each variable stands for: its value from the address, everything, or the first there is.
export async function variables(dashboard, where, given) {
  const values = {};
  for (const one of dashboard.templating.list) {
    if (given.has(`var-${one.name}`)) values[one.name] = given.get(`var-${one.name}`);
    else if (one.type === 'textbox') values[one.name] = one.query;
    else if (one.type === 'query' && one.allValue) values[one.name] = one.allValue;
    else if (one.type === 'query') {
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(one.definition);
      const query = encode({ 'match[]': filled(selector, values), start: where.from, end: where.to });
      values[one.name] = (await json(`${where.prometheus}/api/v1/label/${label}/values?${query}`)).data[0] ?? '';
    }
  }
  return values;
}

// Writes Grafana's own types of a dashboard and its panels as JSON Schema, without their texts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';

const RAW = './node_modules/@grafana/schema/dist/types/raw';
const PANELS = ['timeseries', 'stat', 'bargauge', 'statetimeline', 'table'];
const WITH_FIELDS = ['timeseries', 'statetimeline', 'table'];
const { version } = JSON.parse(readFileSync('node_modules/@grafana/schema/package.json', 'utf8'));

const wanted = {
  dashboard: [`${RAW}/dashboard/x/types.gen`, 'Dashboard'],
  panel: [`${RAW}/dashboard/x/types.gen`, 'Panel'],
};
for (const type of PANELS) {
  wanted[`${type}.options`] = [`${RAW}/composable/${type}/panelcfg/x/types.gen`, 'Options'];
}
for (const type of WITH_FIELDS) {
  wanted[`${type}.field`] = [`${RAW}/composable/${type}/panelcfg/x/types.gen`, 'FieldConfig'];
}

const TEXTS = ['description', '$comment', '$schema', 'default'];
function bare(value) {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([k, v]) => !TEXTS.includes(k) || (v && typeof v === 'object'));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, bare(v)]));
}

const folder = mkdtempSync(join('.', 'schema-'));
try {
  const found = {
    $comment: `Grafana's own types of a dashboard and of panels, from @grafana/schema ${version} (Apache-2.0, Grafana Labs), made by dashboards/preview/schema.mjs`,
  };
  for (const [name, [path, type]] of Object.entries(wanted).sort()) {
    const entry = join(folder, 'entry.ts');
    writeFileSync(entry, `import type { ${type} as X } from "../${path}";\nexport type Root = X;\n`);
    const config = join(folder, 'tsconfig.json');
    const compilerOptions = { strict: true, skipLibCheck: true, moduleResolution: 'node', target: 'es2022', module: 'es2022' };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['entry.ts'] }));
    const options = { path: entry, tsconfig: config, type: 'Root', skipTypeCheck: true };
    found[name] = bare(createGenerator(options).createSchema('Root'));
  }
  writeFileSync('../../tests/dashboards/grafana-schema.json', JSON.stringify(found) + '\n');
} finally {
  rmSync(folder, { recursive: true });
}

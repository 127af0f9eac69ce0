// Writes the ids of all units that Grafana knows.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };
const require = createRequire(import.meta.url);
const { getValueFormats } = require('@grafana/data');
const { version } = require('@grafana/data/package.json');

const ids = new Set(getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)));
const head = `# Ids of units that Grafana knows: getValueFormats() of @grafana/data ${version} (Apache-2.0).`;
writeFileSync('../../tests/dashboards/grafana-units.txt', [head, ...[...ids].sort()].join('\n') + '\n');

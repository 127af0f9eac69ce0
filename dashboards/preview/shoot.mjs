// Takes a picture of a page once its title is "done": node shoot.mjs URL WIDTH HEIGHT FILE
// Chromium's own --screenshot does not wait: it may come before the first graph.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [url, width, height, file] = process.argv.slice(2);
const SECONDS = 60;
const size = { width: Number(width), height: Number(height) };
const chromium = spawn(
  'chromium',
  ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-pipe', 'about:blank'],
  { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
);
const waiting = new Map();
let read = '';

chromium.stdio[4].on('data', (data) => {
  const parts = (read + data).split('\0');
  read = parts.pop();
  for (const { id, result, error } of parts.map((part) => JSON.parse(part))) {
    const [done, failed] = waiting.get(id) ?? [];
    waiting.delete(id);
    if (error) failed?.(new Error(error.message));
    else done?.(result);
  }
});

let calls = 0;
function call(method, params = {}, sessionId = undefined) {
  calls += 1;
  chromium.stdio[3].write(`${JSON.stringify({ id: calls, method, params, sessionId })}\0`);
  return new Promise((done, failed) => waiting.set(calls, [done, failed]));
}

async function shoot() {
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  await call('Emulation.setDeviceMetricsOverride', { ...size, deviceScaleFactor: 1, mobile: false }, sessionId);
  await call('Page.navigate', { url }, sessionId);
  for (const begin = Date.now(); ; ) {
    const { result } = await call('Runtime.evaluate', { expression: 'document.title' }, sessionId);
    if (result.value === 'done') break;
    if (Date.now() - begin > 1000 * SECONDS) throw new Error(`${url} is not drawn after ${SECONDS} s`);
    await new Promise((later) => setTimeout(later, 200));
  }
  const { data } = await call('Page.captureScreenshot', { format: 'png' }, sessionId);
  writeFileSync(file, Buffer.from(data, 'base64'));
}

try {
  await shoot();
} catch (error) {
  console.error(`scripts/preview-dashboards: ${error.message}`);
  process.exitCode = 1;
} finally {
  chromium.kill();
}

// Asks the daemon every second or so, and knows how old the answer is.

const SECOND_MS = 1000;
const TIMEOUT_MS = 4000;
const STALE_MS = 2500; // and a period

/**
 * Polls `live.json` while the page is visible.
 *
 * States: `waiting` (no answer yet), `live`, `starting` (there are no readings yet), `lost`
 * (no answer now; `reason` says why), `stale` (it answers, but with old data).
 */
export class Feed {
  #whole = true;
  #timer = null;
  #busy = false;
  #failure = null;
  #tick = null;
  #fresh = null;
  #answered = false;

  /**
   * @param {(data: object) => boolean} accept takes data; false asks for the whole history
   * @param {() => void} changed called when the state may have changed
   * @param {number} period milliseconds between polls
   */
  constructor(accept, changed, period = SECOND_MS) {
    this.accept = accept;
    this.changed = changed;
    this.period = period;
  }

  start() {
    document.addEventListener("visibilitychange", () => this.#visible());
    setInterval(() => document.hidden || this.changed(), SECOND_MS);
    this.#poll();
  }

  /** Milliseconds since new data came; null before the first. */
  get age() {
    return this.#fresh === null ? null : performance.now() - this.#fresh;
  }

  get state() {
    if (this.#failure !== null) return { name: "lost", reason: this.#failure };
    if (this.#tick === null) return { name: this.#answered ? "starting" : "waiting" };
    if (this.age > STALE_MS + this.period) return { name: this.#busy ? "lost" : "stale", reason: "no answer" };
    return { name: "live" };
  }

  #visible() {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#poll();
  }

  async #poll() {
    if (this.#busy) return;
    this.#busy = true;
    const began = performance.now();
    try {
      const response = await fetch(this.#whole ? "live.json?history=1" : "live.json", {
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
      this.#take(await response.json());
      this.#failure = null;
    } catch (error) {
      this.#failure = error.message.startsWith("it answers") ? error.message : "no answer";
    }
    this.#busy = false;
    this.changed();
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const spent = performance.now() - began;
    const missing = this.#whole && this.#failure === null && this.#tick !== null;
    this.#timer = setTimeout(() => this.#poll(), missing ? 100 : Math.max(100, this.period - spent));
  }

  #take(data) {
    this.#answered = true;
    if (data === null) return;
    if (data.monotonic_ms !== this.#tick) this.#fresh = performance.now();
    this.#tick = data.monotonic_ms;
    this.#whole = !this.accept(data);
  }
}

// The last minutes of every GPU's power, joined from the pieces that the node sends.

export class History {
  #end = null;
  #rows = new Map();

  /** The newest second, on the node's own monotonic clock. */
  get end() {
    return this.#end;
  }

  /** Watts of one GPU, oldest first, null where there were none. */
  of(uuid) {
    return this.#rows.get(uuid) ?? [];
  }

  /**
   * Join a piece. One that does not join changes nothing.
   * @returns {boolean} false when seconds are missing and the whole history is needed
   */
  join(data) {
    const { end_second: end, seconds, watts } = data.history;
    const size = data.history_seconds;
    const known = data.gpus.every((gpu) => this.#rows.has(gpu.uuid));
    const step = this.#end === null ? Infinity : end - this.#end;
    const joins = step >= 0 && step <= seconds && known;
    if (!joins && seconds < size) return false;
    const next = new Map();
    data.gpus.forEach((gpu, row) => {
      const before = joins ? this.#rows.get(gpu.uuid).slice(step) : [];
      const kept = before.slice(0, size - seconds);
      const missing = new Array(size - seconds - kept.length).fill(null);
      next.set(gpu.uuid, [...missing, ...kept, ...watts[row]]);
    });
    this.#rows = next;
    this.#end = end;
    return true;
  }

  /**
   * The sum over GPUs, second by second. A second counts only when every GPU that reports now
   * has a value in it: a sum that lacks one would look like a drop of power.
   */
  total(gpus) {
    const rows = gpus
      .filter((gpu) => gpu.up && gpu.power_watts !== null)
      .map((gpu) => this.of(gpu.uuid));
    const others = gpus
      .filter((gpu) => !gpu.up || gpu.power_watts === null)
      .map((gpu) => this.of(gpu.uuid));
    const length = Math.max(0, ...gpus.map((gpu) => this.of(gpu.uuid).length));
    const sums = new Array(length).fill(null);
    for (let i = 0; i < length; i += 1) {
      if (rows.some((row) => (row[i] ?? null) === null)) continue;
      const values = [...rows, ...others].map((row) => row[i]).filter((v) => v !== null);
      if (values.length) sums[i] = values.reduce((sum, v) => sum + v, 0);
    }
    return sums;
  }
}

// The physics: true power and energy as pure functions of CLOCK_MONOTONIC and
// the state file, and the sensors that look at them.
#include "fake.h"

#include <math.h>

#define PI 3.14159265358979323846

// The last point that starts at or before `offset`.
static const struct fake_table_point *table_point(const struct fake_table_point *points,
                                                  uint64_t count, uint64_t offset) {
    uint64_t low = 0, high = count;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (points[middle].offset_nanoseconds <= offset)
            low = middle;
        else
            high = middle;
    }
    return &points[low];
}

// Integral of the waveform from its own zero to x.
static picojoules waveform_energy(const struct fake_state *state, const struct fake_segment *s,
                                  uint64_t x) {
    uint64_t low = s->low_milliwatts, high = s->high_milliwatts, period = s->period_nanoseconds;
    if (s->kind == WAVEFORM_CONSTANT || period == 0)
        return (picojoules)low * x;
    uint64_t loops = x / period, rest = x % period;
    switch (s->kind) {
    case WAVEFORM_SQUARE: {
        uint64_t on = s->high_nanoseconds;
        picojoules each = (picojoules)high * on + (picojoules)low * (period - on);
        picojoules part = rest < on ? (picojoules)high * rest
                                    : (picojoules)high * on + (picojoules)low * (rest - on);
        return each * loops + part;
    }
    case WAVEFORM_SINE: {
        // Only the part within a period is in floating point: it stays below
        // what a double holds, and does not grow with time.
        double swing = ((double)high - (double)low) / 2.0;
        double angle = 2.0 * PI * (double)rest / (double)period;
        double part = swing * (double)period / (2.0 * PI) * (1.0 - cos(angle));
        return (picojoules)(low + high) * x / 2 + (picojoules)floor(part + 0.5);
    }
    case WAVEFORM_TABLE: {
        if (s->table_count == 0 || s->table_first + s->table_count > FAKE_TABLE_POINTS_MAX)
            return 0;
        const struct fake_table_point *first = &state->table[s->table_first];
        const struct fake_table_point *last = &first[s->table_count - 1];
        picojoules each = (picojoules)last->energy_before_picojoules +
                          (picojoules)last->power_milliwatts * (period - last->offset_nanoseconds);
        const struct fake_table_point *point = table_point(first, s->table_count, rest);
        return each * loops + (picojoules)point->energy_before_picojoules +
               (picojoules)point->power_milliwatts * (rest - point->offset_nanoseconds);
    }
    default:
        return 0;
    }
}

static uint64_t waveform_power(const struct fake_state *state, const struct fake_segment *s,
                               uint64_t x) {
    uint64_t low = s->low_milliwatts, high = s->high_milliwatts, period = s->period_nanoseconds;
    if (s->kind == WAVEFORM_CONSTANT || period == 0)
        return low;
    uint64_t rest = x % period;
    switch (s->kind) {
    case WAVEFORM_SQUARE:
        return rest < s->high_nanoseconds ? high : low;
    case WAVEFORM_SINE: {
        double middle = ((double)low + (double)high) / 2.0;
        double swing = ((double)high - (double)low) / 2.0;
        return (uint64_t)floor(middle + swing * sin(2.0 * PI * (double)rest / (double)period) +
                               0.5);
    }
    case WAVEFORM_TABLE:
        if (s->table_count == 0 || s->table_first + s->table_count > FAKE_TABLE_POINTS_MAX)
            return 0;
        return table_point(&state->table[s->table_first], s->table_count, rest)->power_milliwatts;
    default:
        return 0;
    }
}

// The segment that holds at `at`; NULL before the epoch.  Searched by halves:
// the counter also asks for the energy at its zero, far back.
static const struct fake_segment *segment_at(const struct fake_gpu *gpu, int64_t at) {
    uint64_t low = 0, high = LOAD_ACQUIRE(gpu->segment_count);
    if (high > FAKE_SEGMENTS_MAX)
        high = FAKE_SEGMENTS_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (gpu->segments[middle].start_nanoseconds <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &gpu->segments[low - 1];
}

picojoules true_energy(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       enum fake_scope scope) {
    const struct fake_segment *s = segment_at(gpu, at);
    if (s == NULL)
        return 0;
    uint64_t phase = s->phase_nanoseconds;
    picojoules energy = s->base_millijoules * MILLIJOULE + s->base_remainder_picojoules +
                        waveform_energy(state, s, phase + (uint64_t)(at - s->start_nanoseconds)) -
                        waveform_energy(state, s, phase);
    if (scope == SCOPE_MODULE)
        return energy * gpu->module_factor_permille / 1000 +
               (picojoules)gpu->module_constant_milliwatts * (at - gpu->epoch_nanoseconds);
    if (scope == SCOPE_MEMORY)
        return energy * gpu->memory_factor_permille / 1000;
    return energy;
}

uint64_t true_power(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                    enum fake_scope scope) {
    const struct fake_segment *s = segment_at(gpu, at);
    if (s == NULL)
        return 0;
    uint64_t power =
        waveform_power(state, s, s->phase_nanoseconds + (uint64_t)(at - s->start_nanoseconds));
    if (scope == SCOPE_MODULE)
        return power * gpu->module_factor_permille / 1000 + gpu->module_constant_milliwatts;
    if (scope == SCOPE_MEMORY)
        return power * gpu->memory_factor_permille / 1000;
    return power;
}

// The last instant at or before `at` when a sensor took a new value.
int64_t refresh_instant(const struct fake_gpu *gpu, int64_t at, uint64_t refresh, int64_t phase) {
    int64_t epoch = gpu->epoch_nanoseconds;
    int64_t first = epoch + phase;
    if (refresh == 0)
        return at < epoch ? epoch : at;
    if (at < first)
        return epoch;
    return first + (int64_t)((uint64_t)(at - first) / refresh * refresh);
}

uint32_t power_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       uint64_t window, enum fake_scope scope, enum fake_group group) {
    if ((LOAD(gpu->power_override_mask) >> group) & 1)
        return (uint32_t)LOAD(gpu->power_override_milliwatts);
    int64_t end = refresh_instant(gpu, at, LOAD(gpu->power_refresh_nanoseconds),
                                  LOAD(gpu->power_phase_nanoseconds));
    int64_t begin = end - (int64_t)window;
    if (begin < gpu->epoch_nanoseconds)
        begin = gpu->epoch_nanoseconds;
    if (end <= begin)
        return (uint32_t)true_power(state, gpu, end, scope);
    picojoules energy =
        true_energy(state, gpu, end, scope) - true_energy(state, gpu, begin, scope);
    // A sine near zero may be off by a picojoule.
    return energy < 0 ? 0 : (uint32_t)(energy / (end - begin));
}

// The mean over the period before: no part of the energy is in two samples.
uint32_t sample_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                        uint64_t period, enum fake_scope scope) {
    enum fake_group group = scope == SCOPE_MODULE ? GROUP_POWER_MODULE : GROUP_POWER_INSTANT;
    if ((LOAD(gpu->power_override_mask) >> group) & 1)
        return (uint32_t)LOAD(gpu->power_override_milliwatts);
    picojoules energy = true_energy(state, gpu, at, scope) -
                        true_energy(state, gpu, at - (int64_t)period, scope);
    return energy < 0 ? 0 : (uint32_t)(energy / (int64_t)period);
}

static uint64_t counter_value(const struct fake_state *state, const struct fake_gpu *gpu,
                              int64_t at) {
    if (LOAD(gpu->counter_is_overridden))
        return LOAD(gpu->counter_override_millijoules);
    if (LOAD(gpu->counter_is_frozen))
        at = LOAD(gpu->counter_frozen_nanoseconds);
    enum fake_scope scope = LOAD(gpu->counter_scope);
    int64_t zero = LOAD(gpu->counter_zero_nanoseconds);
    int64_t seen = refresh_instant(gpu, at, LOAD(gpu->counter_refresh_nanoseconds),
                                   LOAD(gpu->counter_phase_nanoseconds));
    if (seen < zero)
        seen = zero;
    picojoules since = true_energy(state, gpu, seen, scope) - true_energy(state, gpu, zero, scope);
    picojoules value = LOAD(gpu->counter_base_millijoules) + since / MILLIJOULE;
    return value < 0 ? 0 : (uint64_t)value;
}

uint64_t counter_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at) {
    uint64_t value = 0;
    // Bounded, so that a controller killed within an update does not hang us.
    for (int attempt = 0; attempt < 100000; attempt++) {
        uint64_t before = LOAD_ACQUIRE(gpu->counter_sequence);
        value = counter_value(state, gpu, at);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && LOAD(gpu->counter_sequence) == before)
            break;
    }
    return value;
}

// ---- For the tests: the same truth, without the sensors or the faults -------

EXPORT uint64_t fake_nvml_true_energy_mj(uint32_t index, int64_t monotonic_ns) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT64_MAX;
    return (uint64_t)(true_energy(state, &state->gpus[index], monotonic_ns, SCOPE_GPU) /
                      MILLIJOULE);
}

// Exact to the picojoule, modulo 2^64.
EXPORT uint64_t fake_nvml_true_energy_pj_low(uint32_t index, int64_t monotonic_ns) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT64_MAX;
    return (uint64_t)true_energy(state, &state->gpus[index], monotonic_ns, SCOPE_GPU);
}

EXPORT uint64_t fake_nvml_true_energy_scope_mj(uint32_t index, int64_t monotonic_ns,
                                               uint32_t scope) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT64_MAX;
    return (uint64_t)(true_energy(state, &state->gpus[index], monotonic_ns, scope) / MILLIJOULE);
}

EXPORT uint64_t fake_nvml_true_power_mw(uint32_t index, int64_t monotonic_ns) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT64_MAX;
    return true_power(state, &state->gpus[index], monotonic_ns, SCOPE_GPU);
}

EXPORT uint64_t fake_nvml_counter_mj(uint32_t index, int64_t monotonic_ns) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT64_MAX;
    return counter_reading(state, &state->gpus[index], monotonic_ns);
}

EXPORT uint32_t fake_nvml_power_reading_mw(uint32_t index, int64_t monotonic_ns,
                                           uint32_t is_average) {
    const struct fake_state *state = current_state();
    if (state == NULL || index >= FAKE_GPUS_MAX)
        return UINT32_MAX;
    const struct fake_gpu *gpu = &state->gpus[index];
    return power_reading(state, gpu, monotonic_ns,
                         is_average ? LOAD(gpu->average_window_nanoseconds)
                                    : LOAD(gpu->power_window_nanoseconds),
                         SCOPE_GPU, is_average ? GROUP_POWER_AVERAGE : GROUP_POWER_INSTANT);
}

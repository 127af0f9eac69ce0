// Field values as a table, set by tests and profiles.
#include "fake.h"

static const struct fake_field *find(const struct fake_gpu *gpu, uint32_t id, uint32_t scope) {
    const struct fake_field *any = NULL;
    uint32_t slot = LOAD(gpu->field_heads[id]);
    // Counted, so that a chain seen half changed ends.
    for (uint32_t steps = 0; slot != 0 && slot <= FAKE_FIELDS_MAX && steps < FAKE_FIELDS_MAX;
         steps++) {
        const struct fake_field *field = &gpu->fields[slot - 1];
        if (LOAD(field->scope_id) == scope)
            return field;
        if (LOAD(field->scope_id) == FAKE_SCOPE_ANY)
            any = field;
        slot = LOAD(field->next);
    }
    return any;
}

// In the same steps as FakeGpu.expected_field, so that both round alike.
static uint64_t value_at(const struct fake_gpu *gpu, const struct fake_field *field, int64_t now) {
    double elapsed = (double)(now - gpu->epoch_nanoseconds - field->since_nanoseconds);
    if (field->rate_per_second <= 0 || elapsed <= 0)
        return field->value;
    return field->value + (uint64_t)(field->rate_per_second * elapsed / 1e9);
}

static uint64_t sum_at(const struct fake_gpu *gpu, const struct fake_field *sum, int64_t now) {
    uint64_t total = 0;
    uint32_t slot = LOAD(gpu->field_heads[sum->field_id]);
    for (uint32_t steps = 0; slot != 0 && slot <= FAKE_FIELDS_MAX && steps < FAKE_FIELDS_MAX;
         steps++) {
        const struct fake_field *field = &gpu->fields[slot - 1];
        if ((field->flags & FIELD_IS_SUM) == 0 && field->result == NVML_SUCCESS)
            total += value_at(gpu, field, now);
        slot = LOAD(field->next);
    }
    return total;
}

static nvmlValue_t typed(uint32_t type, uint64_t bits) {
    nvmlValue_t value = {.ullVal = 0};
    switch (type) {
    case VALUE_TYPE_UNSIGNED_INT:
    case VALUE_TYPE_SIGNED_INT:
        value.uiVal = (uint32_t)bits;
        break;
    case VALUE_TYPE_UNSIGNED_SHORT:
        value.usVal = (uint16_t)bits;
        break;
    default:  // also the bits of a double
        value.ullVal = bits;
    }
    return value;
}

bool table_field(const struct fake_gpu *gpu, uint32_t id, uint32_t scope, int64_t now,
                 struct field_answer *answer) {
    if (id >= FAKE_FIELD_IDS_MAX || LOAD(gpu->field_heads[id]) == 0)
        return false;
    bool is_found = false;
    // Bounded, so that a controller killed within an update does not hang us.
    for (int attempt = 0; attempt < 100000; attempt++) {
        uint64_t before = LOAD_ACQUIRE(gpu->field_sequence);
        const struct fake_field *field = find(gpu, id, scope);
        is_found = field != NULL;
        if (is_found) {
            uint64_t bits = (field->flags & FIELD_IS_SUM) ? sum_at(gpu, field, now)
                                                          : value_at(gpu, field, now);
            *answer = (struct field_answer){.value_type = field->value_type,
                                            .result = field->result,
                                            .group = field->group < GROUP_COUNT_OF
                                                         ? field->group
                                                         : GROUP_OTHER_FIELDS,
                                            .is_hidden = (field->flags & FIELD_IS_HIDDEN) != 0,
                                            .value = typed(field->value_type, bits)};
        }
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && LOAD(gpu->field_sequence) == before)
            break;
    }
    return is_found;
}

enum fake_group table_group(const struct fake_gpu *gpu, uint32_t id, uint32_t scope) {
    if (id >= FAKE_FIELD_IDS_MAX || LOAD(gpu->field_heads[id]) == 0)
        return GROUP_COUNT_OF;
    const struct fake_field *field = find(gpu, id, scope);
    if (field == NULL || (LOAD(field->flags) & FIELD_IS_HIDDEN) != 0)
        return GROUP_COUNT_OF;
    uint32_t group = LOAD(field->group);
    return group < GROUP_COUNT_OF ? group : GROUP_OTHER_FIELDS;
}

-- Events of devices, such as errors that a GPU's driver reports, each counted once. Time in
-- nanoseconds (_ns): wall time of UTC since 1970, monotonic time within a boot.

-- How often each came, over the ledger's life, and when the newest was.
CREATE TABLE event_count (
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    code TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_wall_ns INTEGER NOT NULL,
    PRIMARY KEY (kind, device, code)
) WITHOUT ROWID;

-- Events that were counted and of which the kernel log has not told yet. When it does, perhaps
-- after a restart, they are not counted again. The same one may be there more than once.
CREATE TABLE event_unmatched (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    code TEXT NOT NULL,
    origin TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic_ns INTEGER NOT NULL
);

-- Up to which record the kernel log of which boot is in `event_count`. No row: it is not read.
CREATE TABLE event_log_cursor (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    boot_id TEXT NOT NULL,
    sequence INTEGER NOT NULL
);

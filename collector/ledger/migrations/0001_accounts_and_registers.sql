-- Energy in millijoules (_mj), power in milliwatts (_mw), time in UTC seconds (_s) or nanoseconds
-- (_ns) since 1970. A value that is not known is NULL.

PRAGMA application_id = 0x57415454;  -- "WATT": tells the ledger from other SQLite files

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    scope TEXT NOT NULL,
    UNIQUE (kind, device, scope)
);

CREATE TABLE account_state (
    account INTEGER PRIMARY KEY REFERENCES account (id),
    counter_mj INTEGER NOT NULL,
    integrated_mj INTEGER NOT NULL,
    estimated_mj INTEGER NOT NULL,
    shown_base_mj INTEGER NOT NULL,
    shown_base_estimated_mj INTEGER NOT NULL,
    anchor_wall_ns INTEGER NOT NULL,
    anchor_monotonic_ns INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    anchor_counter_mj INTEGER,
    last_power_mw INTEGER,
    idle_power_mw INTEGER,
    limit_mw INTEGER,
    clean INTEGER NOT NULL
);

-- Time comes first in the keys: the accounts of one minute then share a page, so that a commit
-- writes one page instead of one for each account, and what is too old lies together.
CREATE TABLE register_minute (
    start_s INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    counter_mj INTEGER NOT NULL,
    integrated_mj INTEGER NOT NULL,
    estimated_mj INTEGER NOT NULL,
    covered_ns INTEGER NOT NULL,
    elapsed_ns INTEGER NOT NULL,
    peak_mw INTEGER,
    PRIMARY KEY (start_s, account)
) WITHOUT ROWID;

CREATE TABLE register_quarter_hour (
    start_s INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id),
    counter_mj INTEGER NOT NULL,
    integrated_mj INTEGER NOT NULL,
    estimated_mj INTEGER NOT NULL,
    covered_ns INTEGER NOT NULL,
    elapsed_ns INTEGER NOT NULL,
    peak_mw INTEGER,
    PRIMARY KEY (start_s, account)
) WITHOUT ROWID;

CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    counter_mj INTEGER NOT NULL,
    integrated_mj INTEGER NOT NULL,
    estimated_mj INTEGER NOT NULL,
    low_mj INTEGER,
    high_mj INTEGER,
    reason TEXT NOT NULL
);
CREATE INDEX gap_end ON gap (end_ns);

-- One row. A commit whose outcome is not known, because the disk failed, is recognised by its
-- number, so that it is never added twice. `openings` counts how often the file was opened for
-- writing: changing it shows whether writing works.
CREATE TABLE last_commit (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    wall_ns INTEGER,
    openings INTEGER NOT NULL
);
INSERT INTO last_commit (id, number, wall_ns, openings) VALUES (1, 0, NULL, 0);

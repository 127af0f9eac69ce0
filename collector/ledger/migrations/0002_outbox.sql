-- What push exporters have still to deliver, each in a lane of its own. Rows enter together with the
-- windows that they tell of. Time in nanoseconds (_ns) of UTC since 1970.

-- `last_id` is the last row id used, `row_count` and `payload_bytes` sum up what is in `outbox`;
-- dropped (over a limit) and quarantined (refused by the receiver) are counted for good.
CREATE TABLE outbox_lane (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    last_id INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    payload_bytes INTEGER NOT NULL,
    dropped_rows INTEGER NOT NULL,
    quarantined_rows INTEGER NOT NULL
);

-- `seq` is the last one used. The first one of a topic is the time at which it was, in milliseconds
-- since 1970: so none is used twice after a ledger was lost and a new one started.
CREATE TABLE outbox_topic (
    id INTEGER PRIMARY KEY,
    lane INTEGER NOT NULL REFERENCES outbox_lane (id),
    topic TEXT NOT NULL,
    seq INTEGER NOT NULL,
    UNIQUE (lane, topic)
);

-- The id is the lane's times 2^48, plus a count: the rows of a lane lie together, in order, without
-- an index, and no id is used twice. That a row was acknowledged is not noted here: it is deleted a
-- little later, and until then the writer remembers.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL REFERENCES outbox_topic (id),
    seq INTEGER NOT NULL,
    created_wall_ns INTEGER NOT NULL,
    payload BLOB NOT NULL
);

-- Rows that the receiver refused for good, and its words. The newest of each lane are kept.
CREATE TABLE outbox_quarantine (
    id INTEGER PRIMARY KEY,
    topic INTEGER NOT NULL REFERENCES outbox_topic (id),
    seq INTEGER NOT NULL,
    created_wall_ns INTEGER NOT NULL,
    quarantined_wall_ns INTEGER NOT NULL,
    words TEXT NOT NULL,
    payload BLOB NOT NULL
);

-- Single numbers that outlive a run: the most GPUs ever seen, for one.
CREATE TABLE number (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

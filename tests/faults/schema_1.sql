-- The tables of schema 1, as released: what `liftmark migrate` must take.
CREATE TABLE setting(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE clock(one INTEGER PRIMARY KEY CHECK(one = 1), last_commit INTEGER NOT NULL, generation INTEGER NOT NULL,
                   sweeps INTEGER NOT NULL);
INSERT INTO clock VALUES(1, 0, 0, 0);
CREATE TABLE catalog(version INTEGER PRIMARY KEY, json TEXT NOT NULL, digest TEXT NOT NULL, recorded_at INTEGER NOT NULL);
CREATE TABLE unit(unit INTEGER PRIMARY KEY, id TEXT NOT NULL);
CREATE TABLE name(kind INTEGER, code INTEGER, parent INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT NOT NULL,
                  PRIMARY KEY(kind, code)) WITHOUT ROWID;
CREATE TABLE block(block INTEGER PRIMARY KEY, kind INTEGER NOT NULL, part INTEGER NOT NULL, born INTEGER NOT NULL,
                   rows INTEGER NOT NULL, first_unit INTEGER NOT NULL, last_unit INTEGER NOT NULL,
                   first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
                   first_recorded INTEGER NOT NULL, last_recorded INTEGER NOT NULL,
                   hot BLOB NOT NULL, properties BLOB, detail BLOB NOT NULL);
CREATE TABLE replaced(block INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE TABLE id_run(run INTEGER PRIMARY KEY, level INTEGER NOT NULL, keys INTEGER NOT NULL,
                    through_block INTEGER NOT NULL, fences BLOB NOT NULL, filter BLOB NOT NULL);
CREATE TABLE id_chunk(chunk INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE counter(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,
                     count INTEGER NOT NULL);
CREATE TABLE consent(seq INTEGER PRIMARY KEY, unit INTEGER NOT NULL, purpose TEXT NOT NULL, granted INTEGER NOT NULL,
                     at INTEGER NOT NULL, recorded_at INTEGER NOT NULL);
CREATE TABLE link(seq INTEGER PRIMARY KEY, anonymous INTEGER NOT NULL, unit INTEGER NOT NULL, at INTEGER NOT NULL,
                  recorded_at INTEGER NOT NULL);
CREATE TABLE sticky(unit INTEGER, experiment TEXT, epoch INTEGER, arm TEXT NOT NULL, recorded_at INTEGER NOT NULL,
                    PRIMARY KEY(unit, experiment, epoch)) WITHOUT ROWID;
CREATE TABLE retention(type TEXT PRIMARY KEY, days INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erased(key BLOB PRIMARY KEY, recorded_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE erasure(seq INTEGER PRIMARY KEY, unit INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
                     finished_at INTEGER);
CREATE TABLE audit(seq INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, act TEXT NOT NULL, detail TEXT NOT NULL);
PRAGMA application_id=1279677489;
PRAGMA user_version=1;

/** SQL of the journal file. `record` is the truth; all other tables are a fold of it and can be made again. */

/** Marks the file as a pos8583 journal ("8583" in ASCII). */
export const APPLICATION_ID = 0x38353833;
/** Version of `record` and `identity`; a file with a higher one is refused. */
export const SCHEMA_VERSION = 2;
/** Version of the folded tables; when it differs they are made again at the opening. */
export const FOLD_VERSION = 3;

export const RECORD_SQL = `
CREATE TABLE identity(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE record(
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER record_stays BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'records never change'); END;
CREATE TRIGGER record_kept BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
`;

/** Folded tables with the order in which their rows are compared and dumped. */
export const FOLDED: readonly { readonly name: string; readonly order: string }[] = [
  { name: 'txn', order: 'id' },
  { name: 'reversal', order: 'id' },
  { name: 'operator', order: 'no' },
  { name: 'setting', order: 'name' },
  { name: 'slip', order: 'id' },
  { name: 'settlement', order: 'id' },
  { name: 'hold', order: 'id' },
  { name: 'external_refund', order: 'id' },
  { name: 'life', order: 'id' },
  { name: 'incident', order: 'id' },
  { name: 'notice', order: 'id' },
];

/** Columns of `txn` that records after the intent may change. */
export const CHANGING_OF_TXN: readonly string[] = [
  'state',
  'amount_minor',
  'refunded_minor',
  'reference',
  'pay_order',
  'organisation',
  'host_date',
  'voided_by',
  'resends',
  'answer_seq',
];

/** What each sale and void does with its reversal when all goes well: none that waits (`owed`, `held`) is touched. */
export const ARM_REVERSAL = "INSERT INTO reversal(id, state, reason) VALUES (?, 'armed', '98')";
export const CLEAR_ARMED = "UPDATE reversal SET state = 'cleared' WHERE id = ? AND state = 'armed'";

/** The partial indexes say OR and not IN: SQLite uses them for `state = 'open'` only in that form. */
export const FOLDED_SQL = `
CREATE TABLE txn(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  act TEXT NOT NULL,
  state TEXT NOT NULL,
  period INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  trace INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  refunded_minor INTEGER NOT NULL DEFAULT 0,
  operator TEXT NOT NULL,
  token TEXT,
  original_id INTEGER REFERENCES txn(id),
  original_reference TEXT,
  original_date TEXT,
  reference TEXT,
  pay_order TEXT,
  organisation TEXT NOT NULL DEFAULT 'CUP',
  channel TEXT NOT NULL DEFAULT 'card',
  host_date TEXT,
  voided_by INTEGER REFERENCES txn(id),
  resends INTEGER NOT NULL DEFAULT 0,
  answer_seq INTEGER,
  UNIQUE(period, trace)
) STRICT;
CREATE INDEX txn_unsettled ON txn(state) WHERE state = 'open' OR state = 'unknown';
CREATE INDEX txn_original ON txn(original_id) WHERE original_id IS NOT NULL;
CREATE INDEX txn_original_reference ON txn(original_reference) WHERE original_reference IS NOT NULL;
CREATE INDEX txn_reference ON txn(reference) WHERE reference IS NOT NULL;
CREATE INDEX txn_pay_order ON txn(pay_order) WHERE pay_order IS NOT NULL;
CREATE INDEX txn_trace ON txn(trace);
CREATE INDEX txn_at ON txn(at_ms);
CREATE TABLE reversal(
  id INTEGER PRIMARY KEY REFERENCES txn(id),
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_try_ms INTEGER,
  last_code TEXT,
  released_by TEXT
) STRICT;
CREATE INDEX reversal_waiting ON reversal(state) WHERE state = 'owed' OR state = 'held';
CREATE TABLE operator(
  no TEXT PRIMARY KEY,
  salt BLOB,
  hash BLOB,
  must_change INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  blocked_from_ms INTEGER NOT NULL DEFAULT 0,
  block_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE slip(
  id INTEGER PRIMARY KEY,
  txn_id INTEGER REFERENCES txn(id),
  kind TEXT NOT NULL,
  reprints INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX slip_txn ON slip(txn_id) WHERE txn_id IS NOT NULL;
CREATE TABLE settlement(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  period INTEGER NOT NULL,
  batch INTEGER NOT NULL,
  stage TEXT NOT NULL,
  totals TEXT NOT NULL,
  flags TEXT,
  cursor TEXT,
  items INTEGER,
  new_batch INTEGER
) STRICT;
CREATE TABLE hold(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  channel TEXT NOT NULL DEFAULT 'card',
  operator TEXT NOT NULL,
  token TEXT,
  original_id INTEGER REFERENCES txn(id),
  original_reference TEXT,
  original_date TEXT,
  txn_id INTEGER REFERENCES txn(id),
  stopped_seq INTEGER
) STRICT;
CREATE INDEX hold_waiting ON hold(state) WHERE state = 'held';
CREATE INDEX hold_txn ON hold(txn_id) WHERE txn_id IS NOT NULL;
CREATE TABLE external_refund(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  operator TEXT NOT NULL,
  original_id INTEGER REFERENCES txn(id),
  original_reference TEXT,
  original_date TEXT
) STRICT;
CREATE INDEX external_original ON external_refund(original_id) WHERE original_id IS NOT NULL;
CREATE TABLE life(
  id INTEGER PRIMARY KEY REFERENCES txn(id),
  state TEXT NOT NULL,
  seq INTEGER NOT NULL
) STRICT;
CREATE TABLE incident(
  id INTEGER PRIMARY KEY,
  about INTEGER NOT NULL,
  state TEXT NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_open ON incident(state) WHERE state = 'open';
CREATE TABLE notice(
  id INTEGER PRIMARY KEY,
  about INTEGER NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notice_waiting ON notice(state) WHERE state = 'waiting';
`;

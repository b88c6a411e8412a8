-- Lists of customers that were taken in. `seen_rows` of its `all_rows` have been dealt with; the counts say how. What the
-- file says lies sealed in customer_import_part, and only for as long as it is needed. Instants are milliseconds UTC.

CREATE TABLE customer_import (
  dealer_id {int} NOT NULL REFERENCES dealer,
  import_id {int} NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'importing', 'done', 'undoing', 'undone')),
  version {int} NOT NULL,
  all_rows {int} NOT NULL,
  seen_rows {int} NOT NULL,
  added {int} NOT NULL,
  changed {int} NOT NULL,
  leads {int} NOT NULL,
  same {int} NOT NULL,
  repeated {int} NOT NULL,
  refused {int} NOT NULL,
  taken_back {int} NOT NULL,
  remaining {int} NOT NULL,
  created_at {int} NOT NULL,
  created_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  finished_at {int},
  -- Until then its parts are kept; nothing: they are gone.
  keep_until {int},
  PRIMARY KEY (dealer_id, import_id)
) {strict};

-- What a file says: its head with the choices made, its rows, and those that were not taken, with the reason.
CREATE TABLE customer_import_part (
  dealer_id {int} NOT NULL,
  part_id {int} NOT NULL,
  import_id {int} NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('head', 'rows', 'refused')),
  content {blob} NOT NULL,
  PRIMARY KEY (dealer_id, part_id),
  FOREIGN KEY (dealer_id, import_id) REFERENCES customer_import
) {strict};
CREATE INDEX customer_import_part_import ON customer_import_part (dealer_id, import_id, what, part_id);

-- What became of a row that did something. `row_key` is a keyed hash of all that the row says, so that the same row
-- again does nothing; `customer_version` and the entries from first_seq to last_seq are as the import left them.
CREATE TABLE customer_import_row (
  dealer_id {int} NOT NULL,
  import_id {int} NOT NULL,
  row_number {int} NOT NULL,
  did TEXT NOT NULL CHECK (did IN ('added', 'changed')),
  row_key {int},
  customer_id {int} NOT NULL,
  customer_version {int} NOT NULL,
  lead TEXT,
  fields TEXT NOT NULL,
  first_seq {int} NOT NULL,
  last_seq {int} NOT NULL,
  undone {int} NOT NULL CHECK (undone IN (0, 1)),
  -- Why it could not be taken back.
  remains TEXT,
  PRIMARY KEY (dealer_id, import_id, row_number),
  FOREIGN KEY (dealer_id, import_id) REFERENCES customer_import
) {strict};
CREATE INDEX customer_import_row_key ON customer_import_row (dealer_id, row_key) WHERE undone = 0;
CREATE INDEX customer_import_row_customer ON customer_import_row (dealer_id, customer_id);

-- BR-57: what somebody heard who called about a lead, in which attempt, and the entry that says so in the ledger.
CREATE TABLE lead_verification (
  dealer_id {int} NOT NULL,
  lead TEXT NOT NULL,
  attempt {int} NOT NULL,
  heard TEXT NOT NULL CHECK (heard IN ('confirmed', 'not_interested', 'wrong_number', 'no_answer')),
  calls {int} NOT NULL,
  entry_seq {int},
  version {int} NOT NULL,
  called_at {int} NOT NULL,
  called_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, lead),
  FOREIGN KEY (dealer_id, lead) REFERENCES lead
) {strict};

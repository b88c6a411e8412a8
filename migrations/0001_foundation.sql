-- The organisation, the members of the dimensions, the ledger, and the batches that imports book.
-- Days are days since 1970-01-01, instants milliseconds UTC, money fen, quantities thousandths.

CREATE TABLE region (
  region_id {int} NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
) {strict};

CREATE TABLE dealer (
  dealer_id {int} NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL
) {strict};

-- Histories: what something belongs to from a day on. A leaving is a row without a target.
CREATE TABLE dealer_region (
  dealer_id {int} NOT NULL REFERENCES dealer,
  from_day {int} NOT NULL,
  region_id {int} REFERENCES region,
  PRIMARY KEY (dealer_id, from_day)
) {strict};

CREATE TABLE team (
  dealer_id {int} NOT NULL REFERENCES dealer,
  team_id {int} NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (dealer_id, team_id),
  UNIQUE (dealer_id, code)
) {strict};

-- A person stands once for each dealer that employs or employed him, under the same staff_id.
CREATE TABLE staff (
  dealer_id {int} NOT NULL REFERENCES dealer,
  staff_id {int} NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (dealer_id, staff_id),
  UNIQUE (dealer_id, code)
) {strict};

CREATE TABLE staff_team (
  dealer_id {int} NOT NULL,
  staff_id {int} NOT NULL,
  from_day {int} NOT NULL,
  team_id {int},
  PRIMARY KEY (dealer_id, staff_id, from_day),
  FOREIGN KEY (dealer_id, staff_id) REFERENCES staff,
  FOREIGN KEY (dealer_id, team_id) REFERENCES team
) {strict};

-- What a dimension other than the organisation's can be: sources, models, campaigns, reasons …
CREATE TABLE member (
  dim TEXT NOT NULL,
  member_id {int} NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (dim, member_id),
  UNIQUE (dim, code)
) {strict};

-- Moves whenever the organisation or a member does, so that readers know when to look again.
CREATE TABLE org_version (
  org_version_id {int} NOT NULL PRIMARY KEY CHECK (org_version_id = 1),
  version {int} NOT NULL
) {strict};
INSERT INTO org_version (org_version_id, version) VALUES (1, 1);

CREATE TABLE import_batch (
  batch_id {int} NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  file_hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'reversed')),
  undoes {int},
  started_at {int} NOT NULL,
  finished_at {int},
  rows_read {int} NOT NULL,
  entries_new {int} NOT NULL,
  entries_changed {int} NOT NULL,
  entries_removed {int} NOT NULL,
  recorded_by TEXT NOT NULL
) {strict};
CREATE INDEX import_batch_file ON import_batch (file_hash, state);

CREATE TABLE ledger_head (
  dealer_id {int} NOT NULL PRIMARY KEY REFERENCES dealer,
  head {int} NOT NULL
) {strict};

CREATE TABLE ledger_entry (
  dealer_id {int} NOT NULL REFERENCES dealer,
  seq {int} NOT NULL,
  event TEXT NOT NULL,
  day {int} NOT NULL,
  at {int} NOT NULL,
  lead TEXT,
  attempt {int} NOT NULL,
  actor {int},
  source {int},
  access_form {int},
  channel {int},
  model {int},
  customer_type {int},
  campaign {int},
  stage {int},
  reason {int},
  quantity {int} NOT NULL,
  amount {int} NOT NULL,
  recorded_at {int} NOT NULL,
  recorded_by TEXT NOT NULL,
  batch_id {int},
  entry_key {blob},
  reverses {int},
  note TEXT,
  PRIMARY KEY (dealer_id, seq)
) {rowless};
CREATE INDEX ledger_entry_key ON ledger_entry (dealer_id, entry_key) WHERE entry_key IS NOT NULL;
CREATE UNIQUE INDEX ledger_entry_reverses ON ledger_entry (dealer_id, reverses) WHERE reverses IS NOT NULL;

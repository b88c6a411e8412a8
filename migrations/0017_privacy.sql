-- What people have agreed to, how they may be reached, and how long their data are kept. Instants are milliseconds UTC.

-- The strictest of the customer's own blocks ('all', 'some'), so that lists can show it; and since when the record
-- holds nothing that tells who it was, and why.
ALTER TABLE customer ADD COLUMN no_contact TEXT;
ALTER TABLE customer ADD COLUMN anonymised_at {int};
ALTER TABLE customer ADD COLUMN anonymised_why TEXT;
-- Who is left out of lists stands in their indexes, so that counting them needs no rows.
DROP INDEX customer_changed;
DROP INDEX customer_owner;
CREATE INDEX customer_changed ON customer (dealer_id, changed_at, customer_id, anonymised_at) WHERE merged_into IS NULL;
CREATE INDEX customer_owner ON customer (dealer_id, owner_id, changed_at, customer_id, anonymised_at)
  WHERE merged_into IS NULL;

-- What people were told, by purpose and version: kept, so that it can be said later what somebody has agreed to.
CREATE TABLE consent_text (
  purpose TEXT NOT NULL,
  text_version {int} NOT NULL,
  en TEXT NOT NULL,
  zh TEXT NOT NULL,
  kept_at {int} NOT NULL,
  PRIMARY KEY (purpose, text_version)
) {strict};

-- Each consent by itself; it is never changed but by its withdrawal. `evidence` is sealed.
CREATE TABLE consent (
  dealer_id {int} NOT NULL,
  consent_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  purpose TEXT NOT NULL,
  text_version {int} NOT NULL,
  way TEXT NOT NULL,
  given_at {int} NOT NULL,
  recorded_at {int} NOT NULL,
  recorded_by TEXT NOT NULL,
  evidence {blob},
  withdrawn_at {int},
  withdrawn_way TEXT,
  withdrawn_by TEXT,
  PRIMARY KEY (dealer_id, consent_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE INDEX consent_customer ON consent (dealer_id, customer_id);

-- By which channel, or by 'all', a customer is not to be contacted, from when to when.
CREATE TABLE customer_block (
  dealer_id {int} NOT NULL,
  block_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  channel TEXT NOT NULL,
  reason TEXT NOT NULL,
  set_at {int} NOT NULL,
  set_by TEXT NOT NULL,
  lifted_at {int},
  lifted_by TEXT,
  PRIMARY KEY (dealer_id, block_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE INDEX customer_block_customer ON customer_block (dealer_id, customer_id);

-- Data that must be kept although they are due or their erasure was asked for.
CREATE TABLE legal_hold (
  dealer_id {int} NOT NULL,
  hold_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  reason TEXT NOT NULL,
  set_at {int} NOT NULL,
  set_by TEXT NOT NULL,
  lifted_at {int},
  lifted_by TEXT,
  PRIMARY KEY (dealer_id, hold_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE INDEX legal_hold_customer ON legal_hold (dealer_id, customer_id);

-- Moves with everything above that concerns a customer, so that of two changes at once one is refused.
CREATE TABLE customer_privacy (
  dealer_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  version {int} NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, customer_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};

-- When the data that were due were last looked for, over all dealers.
CREATE TABLE retention_run (
  run_day {int} NOT NULL PRIMARY KEY,
  started_at {int} NOT NULL,
  finished_at {int},
  customers {int} NOT NULL
) {strict};

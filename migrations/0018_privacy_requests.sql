-- What people ask about their data, and to whom data are given. Instants are milliseconds UTC, days days since 1970-01-01.

-- `words`, what was asked and answered, is sealed.
CREATE TABLE person_request (
  dealer_id {int} NOT NULL,
  request_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  kind TEXT NOT NULL,
  way TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('received', 'checked', 'done', 'refused')),
  received_at {int} NOT NULL,
  received_by TEXT NOT NULL,
  due_day {int} NOT NULL,
  identity TEXT,
  scope TEXT,
  checked_at {int},
  checked_by TEXT,
  refusal TEXT,
  closed_at {int},
  closed_by TEXT,
  words {blob},
  version {int} NOT NULL,
  PRIMARY KEY (dealer_id, request_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE INDEX person_request_due ON person_request (dealer_id, due_day) WHERE closed_at IS NULL;
CREATE INDEX person_request_customer ON person_request (dealer_id, customer_id);

-- Whom a dealer gives personal data to: an institution, never a person.
CREATE TABLE data_recipient (
  dealer_id {int} NOT NULL,
  recipient_id {int} NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  purpose TEXT NOT NULL,
  basis TEXT NOT NULL,
  data TEXT NOT NULL,
  since_day {int} NOT NULL,
  until_day {int},
  version {int} NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, recipient_id)
) {strict};

-- Whose data were given, when.
CREATE TABLE data_share (
  dealer_id {int} NOT NULL,
  share_id {int} NOT NULL,
  recipient_id {int} NOT NULL,
  customer_id {int} NOT NULL,
  shared_at {int} NOT NULL,
  shared_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, share_id),
  FOREIGN KEY (dealer_id, recipient_id) REFERENCES data_recipient,
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE INDEX data_share_customer ON data_share (dealer_id, customer_id);
CREATE INDEX data_share_recipient ON data_share (dealer_id, recipient_id);

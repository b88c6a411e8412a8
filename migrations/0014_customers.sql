-- Customers of a dealer and their leads. What names or describes a person is sealed (`personal`, `words`) and found by
-- blind indexes (`customer_token`). Days are days since 1970-01-01, instants milliseconds UTC, money fen.

CREATE TABLE customer (
  dealer_id {int} NOT NULL REFERENCES dealer,
  customer_id {int} NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('person', 'company')),
  owner_id {int},
  personal {blob} NOT NULL,
  -- Since when the customer goes under another one; that one is never merged itself.
  merged_into {int},
  active_day {int} NOT NULL,
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  created_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, customer_id),
  FOREIGN KEY (dealer_id, owner_id) REFERENCES staff,
  FOREIGN KEY (dealer_id, merged_into) REFERENCES customer
) {strict};
CREATE INDEX customer_changed ON customer (dealer_id, changed_at, customer_id) WHERE merged_into IS NULL;
CREATE INDEX customer_owner ON customer (dealer_id, owner_id, changed_at, customer_id) WHERE merged_into IS NULL;
CREATE INDEX customer_merged ON customer (dealer_id, merged_into, customer_id) WHERE merged_into IS NOT NULL;

-- The first bytes of keyed hashes of phones, plates, VINs and of the words of names: who has no key learns from them
-- which customers share one, and no more.
CREATE TABLE customer_token (
  dealer_id {int} NOT NULL,
  token {int} NOT NULL,
  customer_id {int} NOT NULL,
  PRIMARY KEY (dealer_id, token, customer_id)
) {rowless};

-- What a merging moved, so that it can be taken back.
CREATE TABLE customer_merge (
  dealer_id {int} NOT NULL,
  merge_id {int} NOT NULL,
  kept_id {int} NOT NULL,
  merged_id {int} NOT NULL,
  moved TEXT NOT NULL,
  merged_at {int} NOT NULL,
  merged_by TEXT NOT NULL,
  undone_at {int},
  undone_by TEXT,
  PRIMARY KEY (dealer_id, merge_id),
  FOREIGN KEY (dealer_id, kept_id) REFERENCES customer,
  FOREIGN KEY (dealer_id, merged_id) REFERENCES customer
) {strict};
CREATE INDEX customer_merge_merged ON customer_merge (dealer_id, merged_id);

-- `lead` is the lead's code in the ledger, `attempt` the try that runs now. The consultant of an earlier instant, and
-- so the credit for what happened then, stands in the ledger.
CREATE TABLE lead (
  dealer_id {int} NOT NULL,
  lead TEXT NOT NULL,
  customer_id {int} NOT NULL,
  attempt {int} NOT NULL,
  owner_id {int} NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open', 'won', 'delivered', 'lost', 'suspended')),
  stage TEXT NOT NULL,
  source TEXT,
  access_form TEXT,
  model TEXT,
  referrer_id {int},
  expected_day {int},
  budget_least {int},
  budget_most {int},
  amount {int} NOT NULL,
  grade TEXT,
  words {blob} NOT NULL,
  lost_reason TEXT,
  deal_day {int},
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  created_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (dealer_id, lead),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer,
  FOREIGN KEY (dealer_id, owner_id) REFERENCES staff,
  FOREIGN KEY (dealer_id, referrer_id) REFERENCES customer
) {strict};
CREATE INDEX lead_customer ON lead (dealer_id, customer_id);
CREATE INDEX lead_referrer ON lead (dealer_id, referrer_id) WHERE referrer_id IS NOT NULL;
CREATE INDEX lead_changed ON lead (dealer_id, changed_at, lead);
CREATE INDEX lead_board ON lead (dealer_id, status, stage, owner_id, amount);
CREATE INDEX lead_owner ON lead (dealer_id, owner_id, changed_at, lead);

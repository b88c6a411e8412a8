-- Spot checks of customer files: which files of a month were drawn, and what of them was found true. `verdicts` names
-- fields of the record ("name=true phone=false"), never what stands in them.
CREATE TABLE spot_check (
  dealer_id {int} NOT NULL,
  check_id {int} NOT NULL,
  -- First day of the month in which the file was made.
  month {int} NOT NULL,
  customer_id {int} NOT NULL,
  -- Whose file it was when it was drawn.
  owner_id {int} NOT NULL,
  result TEXT CHECK (result IN ('true', 'false', 'unverifiable')),
  verdicts TEXT NOT NULL,
  -- The entry that says so in the ledger.
  entry_seq {int},
  version {int} NOT NULL,
  drawn_at {int} NOT NULL,
  drawn_by TEXT NOT NULL,
  checked_at {int},
  checked_by TEXT,
  PRIMARY KEY (dealer_id, check_id),
  FOREIGN KEY (dealer_id, customer_id) REFERENCES customer
) {strict};
CREATE UNIQUE INDEX spot_check_file ON spot_check (dealer_id, month, customer_id);

CREATE INDEX customer_created ON customer (dealer_id, created_at, customer_id, owner_id, anonymised_at)
  WHERE merged_into IS NULL;

-- So many filled fields of the record stand in the ledger; nothing while none of its fields do.
ALTER TABLE customer ADD COLUMN fields_booked {int};

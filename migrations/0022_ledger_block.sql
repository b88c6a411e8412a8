-- Entries of a dealer that were booked together and follow each other, as one blob: what an import brings by the
-- hundred thousand. As much a part of the ledger as the rows of ledger_entry, and as unchangeable: an entry of a block
-- is taken back by a row there. A block holds the `entries` numbers up to last_seq; `packed` is their content, `size`
-- bytes once unpacked, `keys` 16 bytes for each of them that has a key.
CREATE TABLE ledger_block (
  dealer_id {int} NOT NULL REFERENCES dealer,
  last_seq {int} NOT NULL,
  entries {int} NOT NULL,
  recorded_at {int} NOT NULL,
  recorded_by TEXT NOT NULL,
  batch_id {int},
  size {int} NOT NULL,
  checksum {int} NOT NULL,
  keys {blob} NOT NULL,
  packed {blob} NOT NULL,
  PRIMARY KEY (dealer_id, last_seq)
) {strict};

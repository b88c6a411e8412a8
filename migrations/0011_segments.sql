-- What readers keep of their work on a dealer's ledger: blobs that follow from its entries up to one seq. Derived and
-- droppable: deleting all of them changes no answer.
CREATE TABLE ledger_segment (
  dealer_id {int} NOT NULL REFERENCES dealer,
  part TEXT NOT NULL,
  up_to_seq {int} NOT NULL,
  stamp {int} NOT NULL,
  size {int} NOT NULL,
  checksum {int} NOT NULL,
  packed {blob} NOT NULL,
  PRIMARY KEY (dealer_id, part)
) {strict};

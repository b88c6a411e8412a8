-- The audit log: who has done what. One chain for each dealer and one for the network (dealer_id 0), each record with a
-- hash over its text and the hash before it, so that nothing can be changed or taken out unseen. `record` is what counts
-- (canonical JSON); the columns beside it are for finding it. Records name people and things by id only, and are never
-- changed. Instants are milliseconds UTC.

CREATE TABLE audit_record (
  dealer_id {int} NOT NULL,
  seq {int} NOT NULL,
  at {int} NOT NULL,
  -- 0: the program itself, or the command line.
  actor {int} NOT NULL,
  act TEXT NOT NULL,
  object TEXT NOT NULL,
  record TEXT NOT NULL,
  hash {blob} NOT NULL,
  PRIMARY KEY (dealer_id, seq)
) {rowless};
CREATE INDEX audit_record_at ON audit_record (at);
CREATE INDEX audit_record_actor ON audit_record (actor, at);
CREATE INDEX audit_record_act ON audit_record (act, at);
CREATE INDEX audit_record_object ON audit_record (object, at);

-- The last record of each chain. Locked by whoever adds one.
CREATE TABLE audit_head (
  dealer_id {int} NOT NULL PRIMARY KEY,
  seq {int} NOT NULL,
  at {int} NOT NULL,
  hash {blob} NOT NULL
) {strict};

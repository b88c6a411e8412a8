-- Files that belong to something of a dealer: to a customer (`owner_id` is his number) or a lead (its code). Instants
-- are milliseconds UTC.

-- `head` is sealed: name, description, the file's own key, and the hash of its bytes. Without it nothing of the file can
-- be read: NULL once the file is gone for good, until its chunks are removed. `removed_at`: taken away, and to be had
-- back for some days; 0 where not even that.
CREATE TABLE attachment (
  dealer_id {int} NOT NULL REFERENCES dealer,
  attachment_id {int} NOT NULL,
  owner_kind TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size {int} NOT NULL,
  head {blob},
  version {int} NOT NULL,
  added_at {int} NOT NULL,
  added_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  changed_by TEXT NOT NULL,
  removed_at {int},
  removed_by TEXT,
  PRIMARY KEY (dealer_id, attachment_id)
) {strict};
CREATE INDEX attachment_owner ON attachment (dealer_id, owner_kind, owner_id);
CREATE INDEX attachment_removed ON attachment (dealer_id, removed_at) WHERE removed_at IS NOT NULL;

-- The bytes, each piece encrypted with the key of its file.
CREATE TABLE attachment_chunk (
  dealer_id {int} NOT NULL,
  attachment_id {int} NOT NULL,
  position {int} NOT NULL,
  bytes {blob} NOT NULL,
  PRIMARY KEY (dealer_id, attachment_id, position),
  FOREIGN KEY (dealer_id, attachment_id) REFERENCES attachment
) {strict};

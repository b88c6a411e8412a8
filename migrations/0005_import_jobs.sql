-- Files that are being imported over HTTP, and the mappings remembered from them. Both belong to the network: a file may
-- hold rows of many dealers. Instants are milliseconds UTC, progress thousandths.

CREATE TABLE import_job (
  job_id {int} NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('events', 'readings')),
  file_name TEXT NOT NULL,
  file_bytes {int} NOT NULL,
  file_hash TEXT NOT NULL,
  -- The folder in which the file lies, of all the servers of this database. Empty: the job has no file.
  place TEXT NOT NULL,
  file_kept {int} NOT NULL CHECK (file_kept IN (0, 1)),
  state TEXT NOT NULL CHECK (state IN ('draft', 'checking', 'checked', 'importing', 'done', 'undoing', 'undone',
                                       'failed', 'cancelled')),
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  created_by TEXT NOT NULL,
  changed_at {int} NOT NULL,
  finished_at {int},
  batch_id {int},
  settings TEXT NOT NULL,
  found TEXT NOT NULL,
  result TEXT,
  problem TEXT,
  counts TEXT,
  progress {int} NOT NULL,
  cancel {int} NOT NULL CHECK (cancel IN (0, 1)),
  run_by TEXT NOT NULL,
  undo_why TEXT NOT NULL,
  -- Who works on it, and until when others keep away.
  lease_owner TEXT NOT NULL,
  lease_until {int} NOT NULL
) {strict};
CREATE INDEX import_job_state ON import_job (state);
CREATE INDEX import_job_hash ON import_job (file_hash, state);

-- Every batch that a job has booked, also those taken back before it was started again.
CREATE TABLE import_job_batch (
  batch_id {int} NOT NULL PRIMARY KEY,
  job_id {int} NOT NULL
) {strict};

-- How files with these headers are imported. Without a name: remembered from the last import of such a file.
CREATE TABLE import_mapping (
  mapping_id {int} NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  headers TEXT NOT NULL,
  file_name TEXT NOT NULL,
  toml TEXT NOT NULL,
  create_missing {int} NOT NULL CHECK (create_missing IN (0, 1)),
  created_by TEXT NOT NULL,
  created_at {int} NOT NULL,
  used_at {int},
  UNIQUE (kind, fingerprint, name)
) {strict};
CREATE UNIQUE INDEX import_mapping_name ON import_mapping (name) WHERE name <> '';

-- For whom somebody imports: "" for the network, else the ids of dealers, ascending: "12 17". An import keeps the scope
-- of whoever has uploaded its file.
ALTER TABLE import_job ADD COLUMN scope TEXT NOT NULL DEFAULT '';

-- Mappings likewise: each scope remembers its own, and has names of its own.
CREATE TABLE import_mapping_of (
  mapping_id {int} NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL,
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
  UNIQUE (scope, kind, fingerprint, name)
) {strict};
INSERT INTO import_mapping_of (mapping_id, scope, name, kind, fingerprint, headers, file_name, toml, create_missing,
    created_by, created_at, used_at)
  SELECT mapping_id, '', name, kind, fingerprint, headers, file_name, toml, create_missing, created_by, created_at,
    used_at FROM import_mapping;
DROP TABLE import_mapping;
ALTER TABLE import_mapping_of RENAME TO import_mapping;
CREATE UNIQUE INDEX import_mapping_name ON import_mapping (scope, name) WHERE name <> '';

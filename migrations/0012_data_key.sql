-- The keys that personal data is sealed with. Each is wrapped with a master key of the key file, which stays outside
-- the database. Instants are milliseconds UTC.

CREATE TABLE data_key (
  key_number {int} NOT NULL PRIMARY KEY,
  wrapped {blob} NOT NULL,
  created_at {int} NOT NULL
) {strict};

-- The keys of the blind indexes by which customers are found. Number 0 is that of the key file, without `wrapped`;
-- others are wrapped with a master key of the file, as data keys are. While there are several, everything is looked for
-- under all of them. `superseded`: there is a newer one. `swept`: nothing of keys that are gone is left.
CREATE TABLE index_key (
  key_number {int} NOT NULL PRIMARY KEY,
  wrapped {blob},
  created_at {int} NOT NULL,
  superseded {int} NOT NULL CHECK (superseded IN (0, 1)),
  swept {int} NOT NULL CHECK (swept IN (0, 1))
) {strict};
INSERT INTO index_key (key_number, wrapped, created_at, superseded, swept) VALUES (0, NULL, 0, 0, 1);

-- By which key a token was made; where the same one comes of two, the newer.
ALTER TABLE customer_token ADD COLUMN key_number {int} NOT NULL DEFAULT 0;
-- The newest key by which all of a customer's tokens are there.
ALTER TABLE customer ADD COLUMN index_key {int} NOT NULL DEFAULT 0;

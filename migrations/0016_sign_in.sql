-- The second step of signing in: a code of the account's authenticator (RFC 6238). Secrets are sealed with a data key,
-- recovery codes stand here as keyed hashes, the token between the two steps as a hash. Instants are milliseconds UTC.

-- Not confirmed: the account is setting it up, and signs in without. `last_step` is the time step of the last code
-- taken: no code is good twice.
CREATE TABLE second_factor (
  account_id {int} NOT NULL PRIMARY KEY REFERENCES account,
  secret {blob} NOT NULL,
  created_at {int} NOT NULL,
  confirmed_at {int},
  last_step {int} NOT NULL
) {strict};

CREATE TABLE recovery_code (
  account_id {int} NOT NULL REFERENCES account,
  code_hash TEXT NOT NULL,
  PRIMARY KEY (account_id, code_hash)
) {rowless};

-- Who has given the right password, and not yet the code.
CREATE TABLE pending_sign_in (
  token_hash TEXT NOT NULL PRIMARY KEY,
  account_id {int} NOT NULL REFERENCES account,
  phone {int} NOT NULL,
  expires_at {int} NOT NULL
) {rowless};
CREATE INDEX pending_sign_in_account ON pending_sign_in (account_id);
CREATE INDEX pending_sign_in_expires ON pending_sign_in (expires_at);

-- What the network asks of everybody's signing in; one row.
CREATE TABLE sign_in_policy (
  policy_id {int} NOT NULL PRIMARY KEY CHECK (policy_id = 1),
  second_factor {int} NOT NULL CHECK (second_factor IN (0, 1)),
  version {int} NOT NULL
) {strict};
INSERT INTO sign_in_policy (policy_id, second_factor, version) VALUES (1, 0, 1);

-- Accounts, their sessions and API tokens, failed sign-ins, and answers kept for requests that are sent again. All of
-- it belongs to the network. Secrets stand here as hashes only: argon2id of passwords, BLAKE2b of session and API
-- tokens. Instants are milliseconds UTC.

CREATE TABLE account (
  account_id {int} NOT NULL PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  language TEXT CHECK (language IN ('en', 'zh')),
  role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
  password_hash TEXT NOT NULL,
  must_change_password {int} NOT NULL,
  password_until {int},
  created_at {int} NOT NULL,
  signed_in_at {int},
  disabled_at {int},
  version {int} NOT NULL
) {strict};

CREATE TABLE session (
  token_hash TEXT NOT NULL PRIMARY KEY,
  account_id {int} NOT NULL REFERENCES account,
  csrf TEXT NOT NULL,
  phone {int} NOT NULL,
  created_at {int} NOT NULL,
  seen_at {int} NOT NULL,
  expires_at {int} NOT NULL,
  user_agent TEXT NOT NULL,
  address TEXT NOT NULL
) {rowless};
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE api_token (
  token_id {int} NOT NULL PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  account_id {int} NOT NULL REFERENCES account,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at {int} NOT NULL,
  expires_at {int},
  last_used_at {int},
  revoked_at {int}
) {strict};
CREATE INDEX api_token_account ON api_token (account_id);

-- Failed sign-ins of a login (also one that does not exist) or an address, by the hash of its text.
CREATE TABLE sign_in_failure (
  kind TEXT NOT NULL CHECK (kind IN ('login', 'address')),
  subject TEXT NOT NULL,
  failures {int} NOT NULL,
  failed_at {int} NOT NULL,
  blocked_until {int} NOT NULL,
  PRIMARY KEY (kind, subject)
) {rowless};
CREATE INDEX sign_in_failure_failed ON sign_in_failure (failed_at);

-- The answer to a request, kept for when it is sent again with the same Idempotency-Key. No status: it is running.
CREATE TABLE idempotency_key (
  account_id {int} NOT NULL REFERENCES account,
  request_key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  run_id {int} NOT NULL,
  created_at {int} NOT NULL,
  status {int},
  content_type TEXT,
  headers TEXT,
  body {blob},
  PRIMARY KEY (account_id, request_key)
) {strict};
CREATE INDEX idempotency_key_created ON idempotency_key (created_at);

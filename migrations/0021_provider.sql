-- Signing in by an OpenID provider. Instants are milliseconds UTC.

-- Whose identity at which provider is which account: one of each provider for an account.
CREATE TABLE account_binding (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  account_id {int} NOT NULL REFERENCES account,
  bound_at {int} NOT NULL,
  used_at {int} NOT NULL,
  PRIMARY KEY (issuer, subject)
) {strict};
CREATE UNIQUE INDEX account_binding_account ON account_binding (account_id, issuer);

-- Answers of the provider that have come, by the hash of their state: each is taken once.
CREATE TABLE provider_answer (
  state_hash TEXT NOT NULL PRIMARY KEY,
  expires_at {int} NOT NULL
) {rowless};
CREATE INDEX provider_answer_expires ON provider_answer (expires_at);

-- Sessions that were begun by the provider, and sign-ins by it that wait for the code of the second factor: then with
-- the identity that is bound once the code has come.
ALTER TABLE session ADD COLUMN by_provider {int} NOT NULL DEFAULT 0;
ALTER TABLE pending_sign_in ADD COLUMN issuer TEXT;
ALTER TABLE pending_sign_in ADD COLUMN subject TEXT;

-- In which posts an account's person is, from when to when, and who stands in for whom while he is away. A post names
-- what its role's rows need (catalog/roles.toml): a dealer; a team or a person of it besides; for the network nothing,
-- or one region. Days are days since 1970-01-01, the last one included.

CREATE TABLE account_post (
  post_id {int} NOT NULL PRIMARY KEY,
  account_id {int} NOT NULL REFERENCES account,
  role TEXT NOT NULL,
  region_id {int},
  dealer_id {int},
  team_id {int},
  staff_id {int},
  from_day {int} NOT NULL,
  until_day {int},
  created_at {int} NOT NULL
) {strict};
CREATE INDEX account_post_account ON account_post (account_id);

CREATE TABLE account_stand_in (
  stand_in_id {int} NOT NULL PRIMARY KEY,
  account_id {int} NOT NULL REFERENCES account,
  stands_in_for {int} NOT NULL REFERENCES account,
  from_day {int} NOT NULL,
  until_day {int} NOT NULL,
  created_at {int} NOT NULL,
  CHECK (account_id <> stands_in_for AND from_day <= until_day)
) {strict};
CREATE INDEX account_stand_in_account ON account_stand_in (account_id);

-- Until now whoever had an account saw the whole network; so that nobody is shut out, they go on doing so.
INSERT INTO account_post (post_id, account_id, role, from_day, created_at)
SELECT account_id, account_id, 'NW', 0, created_at FROM account WHERE role = 'member';

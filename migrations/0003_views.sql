-- Saved views of the dashboard and the explore page. Of the network; each belongs to the account that made it.
-- Instants are milliseconds UTC.

CREATE TABLE saved_view (
  view_id {int} NOT NULL PRIMARY KEY,
  account_id {int} NOT NULL REFERENCES account,
  page TEXT NOT NULL CHECK (page IN ('dashboard', 'explore')),
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  shared {int} NOT NULL CHECK (shared IN (0, 1)),
  is_default {int} NOT NULL CHECK (is_default IN (0, 1)),
  changed_at {int} NOT NULL,
  version {int} NOT NULL
) {strict};
CREATE INDEX saved_view_account ON saved_view (account_id);

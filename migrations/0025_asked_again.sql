-- When the OpenID provider has asked who somebody is, by what it says itself; nothing: it did not say. A session that it
-- has begun without asking is no proof that its owner sits there. Milliseconds UTC.
ALTER TABLE session ADD COLUMN authenticated_at {int};
ALTER TABLE pending_sign_in ADD COLUMN authenticated_at {int};

-- Since when nothing is sealed with a data key, or with an older one, any more. NULL for the newest, and while there
-- may be something. After some time of grace the key is dropped.

ALTER TABLE data_key ADD COLUMN clear_since {int};

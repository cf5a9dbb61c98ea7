-- Webhooks in (receipts) and out (endpoints, deliveries). Times are milliseconds since 1970.
-- `due_at` says when a row is to be worked on. Who takes it moves `due_at` on by a lease and knows its row by that value;
-- should he die, the row is due again.

CREATE TABLE receipts (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  -- inline: being judged by the request that brought it; queued: by the batch Worker
  state TEXT NOT NULL CHECK (state IN ('inline', 'queued', 'done')),
  due_at INTEGER NOT NULL,
  -- since the last picture that was judged
  attempts INTEGER NOT NULL DEFAULT 0,
  -- JSON: policy, tenant, callback, pictures
  asked TEXT NOT NULL,
  -- JSON: the verdict on each picture, null where there is none yet
  judged TEXT NOT NULL,
  -- JSON, once done
  answer TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (source, webhook_id)
);
CREATE INDEX receipts_due ON receipts (due_at) WHERE state <> 'done';
CREATE INDEX receipts_created ON receipts (created_at);

CREATE TABLE endpoints (
  url TEXT PRIMARY KEY,
  -- since it answered 410
  disabled_at INTEGER
);

CREATE TABLE deliveries (
  -- the webhook-id of every attempt
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL REFERENCES endpoints (url),
  -- JSON: names of variables
  secrets TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER,
  last_error TEXT,
  created_at INTEGER NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';
CREATE INDEX deliveries_state ON deliveries (state, created_at, id);
CREATE INDEX deliveries_created ON deliveries (created_at);

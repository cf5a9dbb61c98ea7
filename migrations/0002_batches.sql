-- Batches: jobs and the chunks of their lines. Times are milliseconds since 1970; `due_at` as in 0001_webhooks.

CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  -- uploading: not accepted yet, and nobody is told of it
  status TEXT NOT NULL CHECK (status IN
    ('uploading', 'validating', 'in_progress', 'finalizing', 'completed', 'failed', 'cancelled', 'expired')),
  task TEXT NOT NULL,
  -- JSON: the options of the task
  options TEXT NOT NULL,
  -- JSON: {"upload": bytes}, {"key"} or {"prefix"}
  input TEXT NOT NULL,
  -- JSON: id, space, pack of the model
  model TEXT NOT NULL,
  -- width of vectors, 0 where the task has none
  dim INTEGER NOT NULL,
  -- 2 high, 1 normal, 0 low
  priority INTEGER NOT NULL,
  -- JSON: url and names of secrets
  callback TEXT,
  total INTEGER NOT NULL DEFAULT 0,
  completed INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  -- why no more lines are worked on
  stopped TEXT CHECK (stopped IN ('cancelled', 'expired')),
  -- JSON: why the job failed
  errors TEXT,
  -- JSON: how far its results are put together
  assembly TEXT,
  -- work on the job as a whole: to be validated, put together, tidied up, deleted; null where there is none
  due_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  in_progress_at INTEGER,
  -- a chunk ended, or was given to the queue again
  active_at INTEGER,
  finalizing_at INTEGER,
  finished_at INTEGER,
  expires_at INTEGER NOT NULL,
  deleted_at INTEGER,
  caller TEXT NOT NULL,
  idempotency_key TEXT,
  request_hash TEXT,
  UNIQUE (caller, idempotency_key)
);
CREATE INDEX batches_due ON batches (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX batches_created ON batches (created_at, id);
CREATE INDEX batches_open ON batches (status, expires_at) WHERE finished_at IS NULL;
CREATE INDEX batches_finished ON batches (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE chunks (
  -- <batch>/<first>+<rows>
  id TEXT PRIMARY KEY,
  batch TEXT NOT NULL,
  priority INTEGER NOT NULL,
  -- held: its batch is not validated yet; split: its halves take its place
  state TEXT NOT NULL CHECK (state IN ('held', 'pending', 'done', 'split')),
  -- of the lines that are not blank: the first, from 0, and how many
  first INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  -- number of the first line in the input, blank ones included, from 1
  line INTEGER NOT NULL,
  -- bytes of the input
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- bytes of the object with its answers
  results_bytes INTEGER,
  errors_bytes INTEGER
);
CREATE INDEX chunks_due ON chunks (priority DESC, due_at) WHERE state = 'pending';
CREATE INDEX chunks_batch ON chunks (batch, state, first);

-- Batches whose lines backends pull from a queue of their own; and jobs by the key that made them.

-- 1: worked on by who pulls. A chunk whose job was stopped is the batch Worker's again: nothing more is computed.
ALTER TABLE batches ADD COLUMN pulled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunks ADD COLUMN pulled INTEGER NOT NULL DEFAULT 0;

DROP INDEX chunks_due;
CREATE INDEX chunks_due ON chunks (pulled, priority DESC, due_at) WHERE state = 'pending';
CREATE INDEX batches_caller ON batches (caller, created_at, id);

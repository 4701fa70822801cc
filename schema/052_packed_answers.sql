-- Answers under idempotency keys are kept packed, where they are long (service/engine/keys.py), and mostly written once,
-- with their key: no room is left for them to grow into.
alter table idempotency set (fillfactor = 95);

-- The answers of decisions are kept packed (service/packed.py): they are most of the log, and all of it is kept. Two
-- decisions then share a page, and half as much is written ahead.
-- What was logged before stays the plain JSON it was, and is read as such.
alter table decisions alter column answer type bytea using convert_to(answer, 'UTF8');

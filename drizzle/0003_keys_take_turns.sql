-- A next key has been published and signs nothing yet: it has no signs_from until it takes over.
-- Who reads a key as it was before this migration takes the newest one for current, which is a next key that is known already.
ALTER TABLE "keys" ALTER COLUMN "signs_from" DROP NOT NULL;

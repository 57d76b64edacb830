-- Services that get tokens for themselves, and what they prove who they are with.

-- Secrets of 256 random bits, hashed with SHA-256: nobody guesses one, so that a slow hash would buy nothing.
-- client_secrets_slot and client_secrets_at_most_two: however many are made at the same instant, two are valid at once.
CREATE TABLE "client_secrets" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"slot" smallint NOT NULL,
	"secret_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "client_secrets_at_most_two" CHECK ("client_secrets"."slot" in (1, 2))
);
--> statement-breakpoint
-- token_version rises when something is taken away that tokens already issued must not outlive. public_jwk is a key that
-- was checked when it was stored, and holds no private part.
CREATE TABLE "clients" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"permissions" text[] DEFAULT '{}' NOT NULL,
	"audiences" text[] DEFAULT '{}' NOT NULL,
	"public_jwk" jsonb,
	"token_version" integer DEFAULT 1 NOT NULL,
	"disabled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
-- What of a client's assertion (RFC 7523) is remembered so that it works once, on whichever instance: a digest of client
-- and jti, until the assertion has expired.
CREATE TABLE "used_assertions" (
	"assertion_hash" "bytea" PRIMARY KEY NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
-- Whatever belongs to a client goes with it.
ALTER TABLE "client_secrets" ADD CONSTRAINT "client_secrets_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "client_secrets_slot" ON "client_secrets" USING btree ("client_id","slot");--> statement-breakpoint
CREATE INDEX "used_assertions_expiry" ON "used_assertions" USING btree ("expires_at");
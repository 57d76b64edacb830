-- Forward only: a migration that has been released is never changed, another one follows it.
-- Times are kept to the millisecond, which is what RFC 3339 times in answers carry, so that what is read back is what was said.
-- Ids are UUIDs of version 7, made by the service: in the order of creation, and known before the row is written.

-- Who did what to whom. The rows are written by the very statements that make the changes. No foreign key: the trail
-- outlives those whom it is about.
CREATE TABLE "audit_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"action" text NOT NULL,
	"actor" text,
	"subject" text,
	"outcome" text NOT NULL,
	"ip" text,
	"request_id" text,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "audit_events_action_form" CHECK ("audit_events"."action" ~ '^[a-z]+[.][a-z_]+$'),
	CONSTRAINT "audit_events_outcome" CHECK ("audit_events"."outcome" in ('success', 'failure'))
);
--> statement-breakpoint
-- Single access tokens that are denied before they expire, by jti.
CREATE TABLE "denied_tokens" (
	"jti" text PRIMARY KEY NOT NULL,
	"subject" text NOT NULL,
	"reason" text NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
-- The key ring. Private parts are sealed with AES-256-GCM under the root secret that sealed_under names.
-- keys_generation lets only one of several instances make the next key of a kind.
-- keys_secret_unpublished: a symmetric key has no public part, and none can be published by mistake.
CREATE TABLE "keys" (
	"kid" text PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"algorithm" text NOT NULL,
	"generation" integer NOT NULL,
	"public_jwk" jsonb,
	"sealed" "bytea" NOT NULL,
	"sealed_under" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"published_at" timestamp (3) with time zone NOT NULL,
	"signs_from" timestamp (3) with time zone NOT NULL,
	"signs_until" timestamp (3) with time zone,
	"verifies_until" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "keys_purpose" CHECK ("keys"."purpose" in ('sign', 'refresh', 'csrf', 'device')),
	CONSTRAINT "keys_algorithm" CHECK ("keys"."algorithm" in ('ES256', 'EdDSA', 'HS256')),
	CONSTRAINT "keys_secret_unpublished" CHECK ("keys"."algorithm" <> 'HS256' or "keys"."public_jwk" is null)
);
--> statement-breakpoint
-- One-use tokens to set a password with, hashed. A used one is gone.
CREATE TABLE "reset_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
-- The journal by which every instance hears what has been revoked. The truth of it lies with its subject (a session's
-- ended_at, a user's token_version and sessions_floor, a row of denied_tokens); both are written by one statement.
-- xid, not seq, is what readers go by: sequence numbers are not handed out in the order of commits.
CREATE TABLE "revocations" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "revocations_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"kind" text NOT NULL,
	"id" text NOT NULL,
	"stale_below" integer,
	"revoked_below" integer,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "revocations_kind" CHECK ("revocations"."kind" in ('token', 'session', 'subject', 'client', 'key')),
	CONSTRAINT "revocations_floors" CHECK (("revocations"."kind" in ('subject', 'client')) = ("revocations"."stale_below" is not null or "revocations"."revoked_below" is not null))
);
--> statement-breakpoint
-- One row a sign-in. Its refresh tokens are derived from seed and counter and never stored; a refresh changes this one row.
-- A session lives while it has not ended, neither limit has passed, and opened_version is not below its user's
-- sessions_floor. refresh_kid pins the key that its refresh tokens are made with. cookie_hash and csrf_secret belong to
-- delivery 'session'.
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"delivery" text NOT NULL,
	"opened_version" integer NOT NULL,
	"seed" "bytea" NOT NULL,
	"counter" integer DEFAULT 0 NOT NULL,
	"turned_at" timestamp (3) with time zone,
	"refresh_kid" text NOT NULL,
	"cookie_hash" "bytea",
	"csrf_secret" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"idle_expires_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"ended_reason" text,
	"ip" text,
	"user_agent" text,
	CONSTRAINT "sessions_delivery" CHECK ("sessions"."delivery" in ('cookie', 'body', 'session')),
	CONSTRAINT "sessions_end_has_reason" CHECK (("sessions"."ended_at" is null) = ("sessions"."ended_reason" is null))
);
--> statement-breakpoint
-- Counters of failed attempts, shared by all instances. key is a digest; pending counts attempts whose password is being
-- verified, so that many at once get no further than many in a row.
CREATE TABLE "throttles" (
	"key" text PRIMARY KEY NOT NULL,
	"pending" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
-- email is the address as it was given, email_key what addresses are compared by.
-- token_version rises with every change that tokens already issued must not outlive. sessions_floor is what ends the
-- sessions opened at a lower version: one that is being opened at that instant cannot be missed.
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"email_key" text NOT NULL,
	"display_name" text,
	"password_hash" text,
	"roles" text[] DEFAULT '{}' NOT NULL,
	"token_version" integer DEFAULT 1 NOT NULL,
	"sessions_floor" integer DEFAULT 1 NOT NULL,
	"disabled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_sessions_floor_reachable" CHECK ("users"."sessions_floor" <= "users"."token_version")
);
--> statement-breakpoint
ALTER TABLE "reset_tokens" ADD CONSTRAINT "reset_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_events_at" ON "audit_events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_events_subject" ON "audit_events" USING btree ("subject","id");--> statement-breakpoint
CREATE INDEX "audit_events_action" ON "audit_events" USING btree ("action","id");--> statement-breakpoint
CREATE INDEX "denied_tokens_expiry" ON "denied_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "keys_generation" ON "keys" USING btree ("purpose","algorithm","generation");--> statement-breakpoint
CREATE INDEX "reset_tokens_user" ON "reset_tokens" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "reset_tokens_expiry" ON "reset_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "revocations_xid" ON "revocations" USING btree ("xid");--> statement-breakpoint
CREATE INDEX "revocations_until" ON "revocations" USING btree ("until");--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_expiry" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_cookie" ON "sessions" USING btree ("cookie_hash");--> statement-breakpoint
CREATE INDEX "throttles_expiry" ON "throttles" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree ("email_key");--> statement-breakpoint
-- For searching by the beginning of an address, whatever the collation of the database.
CREATE INDEX "users_email_prefix" ON "users" USING btree ("email_key" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "users_roles" ON "users" USING gin ("roles");
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'

/** The tables, as the service reads and writes them. Why each constraint is there is said in the migrations. */

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' })
/** A transaction id that never wraps (PostgreSQL 13), as decimal text. */
const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' })
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    displayName: text('display_name'),
    passwordHash: text('password_hash'),
    roles: text('roles').array().notNull().default([]),
    tokenVersion: integer('token_version').notNull().default(1),
    sessionsFloor: integer('sessions_floor').notNull().default(1),
    disabledAt: instant('disabled_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow()
  },
  (t) => [
    uniqueIndex('users_email_key').on(t.emailKey),
    index('users_email_prefix').on(t.emailKey.op('text_pattern_ops')),
    index('users_roles').using('gin', t.roles),
    check('users_sessions_floor_reachable', sql`${t.sessionsFloor} <= ${t.tokenVersion}`)
  ]
)

export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    delivery: text('delivery', { enum: ['cookie', 'body', 'session'] }).notNull(),
    openedVersion: integer('opened_version').notNull(),
    seed: bytea('seed').notNull(),
    counter: integer('counter').notNull().default(0),
    turnedAt: instant('turned_at'),
    refreshKid: text('refresh_kid').notNull(),
    cookieHash: bytea('cookie_hash'),
    csrfSecret: bytea('csrf_secret'),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastUsedAt: instant('last_used_at').notNull().defaultNow(),
    idleExpiresAt: instant('idle_expires_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    endedAt: instant('ended_at'),
    endedReason: text('ended_reason'),
    ip: text('ip'),
    userAgent: text('user_agent')
  },
  (t) => [
    index('sessions_user').on(t.userId),
    index('sessions_expiry').on(t.expiresAt),
    uniqueIndex('sessions_cookie').on(t.cookieHash),
    check('sessions_delivery', sql`${t.delivery} in ('cookie', 'body', 'session')`),
    check('sessions_end_has_reason', sql`(${t.endedAt} is null) = (${t.endedReason} is null)`)
  ]
)

export const deniedTokens = pgTable(
  'denied_tokens',
  {
    jti: text('jti').primaryKey(),
    subject: text('subject').notNull(),
    reason: text('reason').notNull(),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull().defaultNow()
  },
  (t) => [index('denied_tokens_expiry').on(t.expiresAt)]
)

export const revocations = pgTable(
  'revocations',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    xid: xid8('xid')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    kind: text('kind', { enum: ['token', 'session', 'subject', 'client', 'key'] }).notNull(),
    id: text('id').notNull(),
    staleBelow: integer('stale_below'),
    revokedBelow: integer('revoked_below'),
    until: instant('until').notNull()
  },
  (t) => [
    index('revocations_xid').on(t.xid),
    index('revocations_until').on(t.until),
    check('revocations_kind', sql`${t.kind} in ('token', 'session', 'subject', 'client', 'key')`),
    check(
      'revocations_floors',
      sql`(${t.kind} in ('subject', 'client')) = (${t.staleBelow} is not null or ${t.revokedBelow} is not null)`
    )
  ]
)

export const keys = pgTable(
  'keys',
  {
    kid: text('kid').primaryKey(),
    purpose: text('purpose', { enum: ['sign', 'refresh', 'csrf', 'device'] }).notNull(),
    algorithm: text('algorithm', { enum: ['ES256', 'EdDSA', 'HS256'] }).notNull(),
    generation: integer('generation').notNull(),
    publicJwk: jsonb('public_jwk').$type<Readonly<Record<string, string>>>(),
    sealed: bytea('sealed').notNull(),
    sealedUnder: text('sealed_under').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    publishedAt: instant('published_at').notNull(),
    signsFrom: instant('signs_from'),
    signsUntil: instant('signs_until'),
    verifiesUntil: instant('verifies_until'),
    revokedAt: instant('revoked_at')
  },
  (t) => [
    uniqueIndex('keys_generation').on(t.purpose, t.algorithm, t.generation),
    check('keys_purpose', sql`${t.purpose} in ('sign', 'refresh', 'csrf', 'device')`),
    check('keys_algorithm', sql`${t.algorithm} in ('ES256', 'EdDSA', 'HS256')`),
    check('keys_secret_unpublished', sql`${t.algorithm} <> 'HS256' or ${t.publicJwk} is null`)
  ]
)

export const clients = pgTable('clients', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  permissions: text('permissions').array().notNull().default([]),
  audiences: text('audiences').array().notNull().default([]),
  publicJwk: jsonb('public_jwk').$type<Readonly<Record<string, string>>>(),
  tokenVersion: integer('token_version').notNull().default(1),
  disabledAt: instant('disabled_at'),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow()
})

export const clientSecrets = pgTable(
  'client_secrets',
  {
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    slot: smallint('slot').notNull(),
    secretHash: bytea('secret_hash').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastUsedAt: instant('last_used_at')
  },
  (t) => [
    uniqueIndex('client_secrets_slot').on(t.clientId, t.slot),
    check('client_secrets_at_most_two', sql`${t.slot} in (1, 2)`)
  ]
)

export const usedAssertions = pgTable(
  'used_assertions',
  {
    assertionHash: bytea('assertion_hash').primaryKey(),
    expiresAt: instant('expires_at').notNull()
  },
  (t) => [index('used_assertions_expiry').on(t.expiresAt)]
)

export const resetTokens = pgTable(
  'reset_tokens',
  {
    tokenHash: bytea('token_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull()
  },
  (t) => [index('reset_tokens_user').on(t.userId), index('reset_tokens_expiry').on(t.expiresAt)]
)

export const throttles = pgTable(
  'throttles',
  {
    key: text('key').primaryKey(),
    pending: integer('pending').notNull().default(0),
    failures: integer('failures').notNull().default(0),
    expiresAt: instant('expires_at').notNull()
  },
  (t) => [index('throttles_expiry').on(t.expiresAt)]
)

export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: instant('at').notNull(),
    action: text('action').notNull(),
    actor: text('actor'),
    subject: text('subject'),
    outcome: text('outcome', { enum: ['success', 'failure'] }).notNull(),
    ip: text('ip'),
    requestId: text('request_id'),
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull().default({})
  },
  (t) => [
    index('audit_events_at').on(t.at),
    index('audit_events_subject').on(t.subject, t.id),
    index('audit_events_action').on(t.action, t.id),
    check('audit_events_action_form', sql`${t.action} ~ '^[a-z]+[.][a-z_]+$'`),
    check('audit_events_outcome', sql`${t.outcome} in ('success', 'failure')`)
  ]
)

// Routes of sessions. Their steps are executions, which `executions-create.ts` creates.
import {
  forkRequestSchema,
  sessionQuerySchema,
  sessionRequestSchema,
  type SessionList,
  type SessionRecord,
} from '@codemode/shared'
import type { Hono } from 'hono'

import type { Principal } from '../engine/principal.ts'
import type { SessionHandle, Sessions } from '../engine/session/session-handle.ts'
import { bodyLimits, jsonBody } from './body.ts'
import type { HttpEnv } from './http-context.ts'
import { readQuery } from './read-query.ts'
import { requireRight, requireSessionOwner } from './rights.ts'

const readCreate = jsonBody({ schema: sessionRequestSchema, maxBytes: bodyLimits.executionBytes, whenEmpty: {} })
const readFork = jsonBody({ schema: forkRequestSchema, maxBytes: bodyLimits.cancelBytes, whenEmpty: {} })

/** Adds the routes of sessions to an app. */
export function addSessionRoutes(app: Hono<HttpEnv>, sessions: Sessions): void {
  app.post('/sessions', async function createSession(c) {
    const principal = c.get('principal')
    requireRight(principal, 'run', 'Creating a session')
    const { value } = await readCreate(c.req.raw)
    const { session, isNew } = await sessions.create(value, principal)
    return c.json((await session.record()) satisfies SessionRecord, isNew ? 201 : 200)
  })

  app.get('/sessions', async function listSessions(c) {
    const query = readQuery(c, sessionQuerySchema)
    const principal = c.get('principal')
    const seesAll = principal.rights.includes('read')
    if (!seesAll) requireRight(principal, 'run', 'Listing sessions')
    const owner = seesAll ? undefined : principal.owner
    const { items, nextCursor } = await sessions.list(principal.tenant, { ...query, owner })
    return c.json({ items: items.map((session) => session.summary()), nextCursor } satisfies SessionList)
  })

  app.get('/sessions/:session', async function readSession(c) {
    const session = await sessions.find(c.get('principal').tenant, c.req.param('session'))
    requireReader(c.get('principal'), session)
    return c.json((await session.record()) satisfies SessionRecord)
  })

  app.delete('/sessions/:session', async function endSession(c) {
    const session = await sessions.find(c.get('principal').tenant, c.req.param('session'))
    requireSessionOwner(c.get('principal'), { session: session.facts, action: 'Ending this session' })
    return c.json((await session.end()) satisfies SessionRecord)
  })

  app.post('/sessions/:session/fork', async function forkSession(c) {
    const { value } = await readFork(c.req.raw)
    const session = await sessions.find(c.get('principal').tenant, c.req.param('session'))
    requireSessionOwner(c.get('principal'), { session: session.facts, action: 'Forking this session' })
    const fork = await session.fork(value)
    return c.json((await fork.record()) satisfies SessionRecord, 201)
  })

  app.post('/sessions/:session/reset', async function resetSession(c) {
    const session = await sessions.find(c.get('principal').tenant, c.req.param('session'))
    requireSessionOwner(c.get('principal'), { session: session.facts, action: 'Resetting this session' })
    return c.json((await session.reset()) satisfies SessionRecord)
  })
}

function requireReader(principal: Principal, { facts }: SessionHandle): void {
  if (principal.rights.includes('read')) return
  requireSessionOwner(principal, { session: facts, action: 'Reading this session' })
}

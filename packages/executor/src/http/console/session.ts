import type { Handler } from 'hono'

import type { ConsoleSession } from '@codemode/shared'

import type { HttpEnv } from '../http-context.ts'
import type { ExecutorInfo } from '../../executor-info.ts'
import type { Authenticate, Visitor } from './authenticate.ts'

interface SessionOptions {
  readonly mode: ConsoleSession['mode']
  readonly info: () => ExecutorInfo
  readonly hasStore: boolean
  readonly stores: () => ConsoleSession['stores']
  readonly retainMs: number
  readonly forbidSelfApproval: boolean
}

/** Returns a session as the console gets it. */
export type DescribeSession = (visitor: Visitor) => ConsoleSession

/** Creates the function that describes sessions. */
export function createDescribeSession({ info, stores, ...options }: SessionOptions): DescribeSession {
  return function describeSession({ principal, signedInBy }) {
    const { tenant, owner, keyId, rights } = principal
    const { version, versions, isolation } = info()
    return {
      tenant,
      owner,
      keyId,
      rights: [...rights],
      signedInBy,
      ...options,
      stores: stores(),
      version,
      versions,
      isolation,
    }
  }
}

/** Handles GET session: responds with the session of the sender. */
export function readSession(authenticate: Authenticate, describe: DescribeSession): Handler<HttpEnv> {
  return async function readSession(c) {
    return c.json(describe(await authenticate(c)))
  }
}

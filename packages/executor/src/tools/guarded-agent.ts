// The part of the SSRF protection that guards connections: addresses are checked when the name of a host is looked up, and again
// after connecting.
import type { LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

import { Agent, buildConnector, type Dispatcher } from 'undici'

import { bareHost } from './callback-origin.ts'

const connectTimeoutMs = 5_000
/** Maximum milliseconds for which a server may ask to keep its connections. */
const keepAliveMaxMs = 30_000

/** Returns whether a connection to an address is permitted. */
export type Permit = (address: string) => boolean

/** Returns the check of the addresses that an origin may resolve to; undefined if the origin is not allowed. */
export type PermitOf = (url: URL) => Permit | undefined

/** Error in place of a connection that the guard refuses. */
export class AddressForbiddenError extends Error {
  override readonly name = 'AddressForbiddenError'
}

/** Creates an agent that connects to permitted addresses of allowed origins only. Its only timeout is that for connecting. */
export function createGuardedAgent(permitOf: PermitOf, lookup: typeof systemLookup): Dispatcher {
  const connectors = new Map<Permit, buildConnector.connector>()
  function connectorFor(permitted: Permit): buildConnector.connector {
    const connector = connectors.get(permitted) ?? guardedConnector(permitted, lookup)
    connectors.set(permitted, connector)
    return connector
  }

  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveMaxTimeout: keepAliveMaxMs,
    connect: (options, callback) => {
      const url = URL.parse(`${options.protocol}//${options.host}`)
      const permitted = url === null ? undefined : permitOf(url)
      if (permitted === undefined)
        callback(new AddressForbiddenError(`the origin ${options.protocol}//${options.host} is not allowed`), null)
      else connectorFor(permitted)(options, callback)
    },
  })
}

function guardedConnector(permitted: Permit, lookup: typeof systemLookup): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: guardedLookup(permitted, lookup),
  })
  return (options, callback) => {
    const host = bareHost(options.hostname)
    if (isIP(host) !== 0 && !permitted(host)) {
      callback(new AddressForbiddenError(`the address ${host} is not allowed`), null)
      return
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) callback(error, null)
      else if (permitted(socket.remoteAddress ?? '')) callback(null, socket)
      else {
        socket.destroy()
        callback(new AddressForbiddenError(`the connected address ${socket.remoteAddress} is not allowed`), null)
      }
    })
  }
}

/**
 * Returns a lookup that fails if any resolved address is not permitted, so that a permitted one lets no other through.
 */
function guardedLookup(permitted: Permit, lookup: typeof systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? []
      if (error !== null) callback(error, '', 0)
      else if (first === undefined || !addresses.every(({ address }) => permitted(address))) {
        callback(new AddressForbiddenError(`the name ${hostname} resolves to an address that is not allowed`), '', 0)
      } else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

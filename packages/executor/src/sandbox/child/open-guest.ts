import type { ExecutionSpec, SessionSpec } from '../protocol.ts'
import { ExecutionCode } from './guest-code.ts'
import { GuestHost } from './guest-host.ts'
import type { GuestIsolate } from './guest-isolate.ts'
import { SessionCode } from './session-code.ts'

/** Makes a guest in an isolate that no other guest has had. */
export function openGuest(spec: ExecutionSpec | SessionSpec, isolate: GuestIsolate): GuestHost {
  return new GuestHost('kind' in spec ? new SessionCode(spec) : new ExecutionCode(spec), isolate)
}

import type { ExecutionSpec, SessionSpec } from '../protocol.ts'
import { ExecutionCode } from './guest-code.ts'
import { GuestHost } from './guest-host.ts'
import type { ReusableIsolate } from './isolates/reusable-isolate.ts'
import { SessionCode } from './session-code.ts'

/** Makes a guest in an isolate in which no other guest lives. */
export function openGuest(spec: ExecutionSpec | SessionSpec, isolate: ReusableIsolate): GuestHost {
  return new GuestHost('kind' in spec ? new SessionCode(spec) : new ExecutionCode(spec), isolate)
}

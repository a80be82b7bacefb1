import type { UrlHost } from '../../guest-boundary.ts'
import type { ContentsOf } from '../contents.ts'

/** Functions of the runtime that the web globals use. The runtime captures every member before user code runs. */
export interface WebHost {
  /** Returns the milliseconds since the start of the execution, as of this turn. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): number
  clearTimeout(id: number): void
  /** Returns fresh bytes of the execution's seeded generator. */
  randomBytes(count: number): Uint8Array
  /** Lets the console show objects of the web globals with `contentsOf`. */
  inspectWith(contentsOf: ContentsOf): void
  /** Warns if the value is a promise that is rejected and that nothing handles. */
  watch(value: unknown): void
  /** Calls the host's URL parser; see `child/url-host.ts`. */
  readonly parseUrl: UrlHost
}

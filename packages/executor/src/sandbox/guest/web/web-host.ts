/** What the web globals need from around the isolate. Every member is captured by the runtime before user code runs. */
export interface WebHost {
  /** Milliseconds since the start of the execution, as of this turn. */
  now(): number
  setTimeout(callback: () => void, delayMs: number): number
  clearTimeout(id: number): void
  /** Fresh bytes of the execution's seeded generator. */
  randomBytes(count: number): Uint8Array
  /** The host's URL parser: see `child/url-host.ts`. */
  parseUrl(op: string, json: string): string
}

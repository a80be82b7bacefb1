/** Observer of the sandbox processes. Its methods are named after the events. */
export interface SandboxObserver {
  /** Called when a sandbox process has become ready. */
  sandboxProcessStarted(): void
  /** Called when a sandbox process has died, or was ended because of the code that ran in it. */
  sandboxProcessEnded(reason: string): void
  /** Called when guests that waited were removed from memory. They are rebuilt from their journals when they continue. */
  guestsEvicted(count: number): void
  /** Called when a tenant is throttled, for the given milliseconds, because its code keeps crashing sandbox processes. */
  tenantThrottled(tenant: string, throttledMs: number): void
}

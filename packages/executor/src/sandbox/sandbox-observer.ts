/** Observer of the sandbox processes. Its methods are named after the events. */
export interface SandboxObserver {
  /** Called when a sandbox process has died, or was ended because of the code that ran in it. */
  sandboxProcessEnded(reason: string): void
  /** Called when a tenant is throttled, for the given milliseconds, because its code keeps crashing sandbox processes. */
  tenantThrottled(tenant: string, throttledMs: number): void
}

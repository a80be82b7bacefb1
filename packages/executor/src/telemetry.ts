import { metrics } from '@opentelemetry/api'

import type { EngineObserver } from './engine/engine-observer.ts'

/** Returns the observer that reports the events of an engine as metrics. */
export function metricsObserver(): Pick<EngineObserver, 'sandboxStarted'> {
  return {
    sandboxStarted({ tier }) {
      // The meter is requested here and not at import, because a program sets up its telemetry after its imports.
      const gauge = metrics.getMeter('@codemode/executor').createObservableGauge('codemode.isolation', {
        description: 'Isolation of the sandbox processes: always 1, with the tier as an attribute',
      })
      gauge.addCallback((result) => result.observe(1, { 'codemode.tier': tier }))
    },
  }
}

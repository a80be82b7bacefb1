/**
 * Executor that measures the stalls of its event loop. Its configuration is the first argument, as JSON. It answers the
 * message `begin` and measures from then on; it answers the message `end` with a {@link LagReport}.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'

import { createExecutor, type ExecutorConfigInput } from '@codemode/executor'

import { StallMeter, type Stall } from './stall-meter.ts'
import { profileStalls, type ProfiledStalls, type StallProfile } from './stall-profile.ts'

/** Message from the bench to the executor. */
export type LagCommand = { readonly type: 'begin'; readonly profile: boolean } | { readonly type: 'end' }

/** Answer of the executor to `end`. Delays are those of `monitorEventLoopDelay`. */
export interface LagReport {
  readonly maxDelayMs: number
  readonly p99DelayMs: number
  readonly stalls: readonly Stall[]
  readonly profile: ProfiledStalls | undefined
}

const nsPerMs = 1e6
const histogram = monitorEventLoopDelay({ resolution: 1 })
const meter = new StallMeter()
let profiling: StallProfile | undefined

process.on('message', (command: LagCommand) => {
  if (command.type === 'begin') void begin(command.profile).then(() => process.send!('begun'))
  else void end().then((report) => process.send!(report))
})
process.on('SIGTERM', () => void executor.close({ drainMs: 0 }).then(() => process.exit()))

const executor = await createExecutor(JSON.parse(process.argv[2]!) as ExecutorConfigInput)
process.stdout.write(`ready on ${executor.url}\n`)

async function begin(profile: boolean): Promise<void> {
  profiling = profile ? await profileStalls() : undefined
  meter.begin()
  histogram.reset()
  histogram.enable()
}

async function end(): Promise<LagReport> {
  histogram.disable()
  const stalls = meter.end()
  const [maxDelayMs, p99DelayMs] = [histogram.max / nsPerMs, histogram.percentile(99) / nsPerMs]
  return { maxDelayMs, p99DelayMs, stalls, profile: await profiling?.end(stalls) }
}

// All metrics of the executor. Names and units are those of OpenTelemetry; the names for Prometheus follow from them by the
// rules of OpenTelemetry's specification. The values of a label are bounded: no tenant, id or tool name is one.

/** Definition of a metric. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly unit?: 's' | 'By'
  readonly description: string
  readonly labels: readonly string[]
  /** Upper bounds of the buckets of a histogram. */
  readonly buckets?: readonly number[]
}

const durations = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3_600]
const shortDurations = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

const counter = <const Label extends string>(name: string, description: string, labels: readonly Label[] = []) =>
  ({ type: 'counter', name, description, labels }) as const
const gauge = <const Label extends string>(name: string, description: string, labels: readonly Label[] = []) =>
  ({ type: 'gauge', name, description, labels }) as const

export const metricDefinitions = {
  executionsStarted: counter('codemode.executions.started', 'Executions that began to run', ['kind']),
  executions: counter('codemode.executions', 'Executions that ended', ['kind', 'outcome', 'code']),
  executionDuration: {
    type: 'histogram',
    name: 'codemode.execution.duration',
    unit: 's',
    description:
      'Durations of ended executions by clock: wall, cpu, queue (before the start), wait (no turn ran or was due)',
    labels: ['kind', 'clock'],
    buckets: durations,
  },
  executionBytes: {
    ...counter('codemode.execution.size', 'Bytes of ended executions: code, input, result, journal', ['of']),
    unit: 'By',
  },
  executionsParked: counter('codemode.executions.parked', 'Executions that were parked, by what they wait for', [
    'reason',
  ]),
  executionsTakenOver: counter(
    'codemode.executions.taken_over',
    'Executions that continued after a node had left them',
  ),
  executionsLost: counter(
    'codemode.executions.lost',
    'Executions that this node lost: another node has claimed them, or the store was unavailable for too long',
  ),
  executionsFailedByBug: counter(
    'codemode.executions.failed_by_bug',
    'Errors of the executor that ended an execution, or made this node leave it',
  ),
  executionsNotRecorded: counter('codemode.executions.not_recorded', 'Attached executions that the store did not take'),
  replays: counter(
    'codemode.replays',
    'Guests that were rebuilt from their journals, counted at the end of the execution',
  ),
  divergences: counter('codemode.replays.diverged', 'Executions whose code behaved differently in a replay'),
  executionsInFlight: gauge('codemode.executions.in_flight', 'Executions that are admitted and have not ended', [
    'kind',
  ]),
  executionsWaiting: gauge('codemode.executions.waiting', 'Executions in memory that wait, by what they wait for', [
    'reason',
  ]),
  parkedExecutions: gauge(
    'codemode.store.parked_executions',
    'Executions that are parked in the store, by what they wait for. All nodes of a store report the same number',
    ['reason'],
  ),
  queueDepth: gauge('codemode.queue.depth', 'Executions that wait for admission'),
  queueAge: { ...gauge('codemode.queue.age', 'Time for which the oldest execution waits for admission'), unit: 's' },
  requestsRefused: counter('codemode.requests.refused', 'Requests that were answered with an error', ['code']),
  tenantThrottlings: counter('codemode.tenants.throttlings', 'Beginnings of a throttle of a tenant'),
  tenantsThrottled: gauge(
    'codemode.tenants.throttled',
    'Tenants that are throttled because their code crashes processes',
  ),
  toolCalls: counter('codemode.tool_calls', 'Tool calls that ended', ['transport', 'outcome', 'code']),
  toolCallDuration: {
    type: 'histogram',
    name: 'codemode.tool_call.duration',
    unit: 's',
    description: 'Durations of tool calls that were sent, from sending to the answer',
    labels: ['transport'],
    buckets: durations,
  },
  notifications: counter(
    'codemode.notifications',
    'Attempts to deliver notifications, and notifications that were given up (abandoned)',
    ['outcome'],
  ),
  storeCallDuration: {
    type: 'histogram',
    name: 'codemode.store.call.duration',
    unit: 's',
    description: 'Durations of calls of the store',
    labels: ['operation', 'outcome'],
    buckets: shortDurations,
  },
  sandboxProcesses: gauge('codemode.sandbox.processes', 'Sandbox processes by state', ['state']),
  sandboxProcessesStarted: counter('codemode.sandbox.processes.started', 'Sandbox processes that became ready'),
  sandboxProcessesFailed: counter('codemode.sandbox.processes.failed', 'Sandbox processes that ended unexpectedly'),
  isolates: gauge('codemode.sandbox.isolates', 'Isolates that are ready for a guest, by whether they have had one', [
    'state',
  ]),
  guests: gauge('codemode.sandbox.guests', 'Guests in sandbox processes'),
  guestMemory: { ...gauge('codemode.sandbox.guest_memory', 'Memory of guests after their last turn'), unit: 'By' },
  guestsEvicted: counter('codemode.sandbox.guests.evicted', 'Guests that were removed from memory while they waited'),
  isolation: gauge('codemode.isolation', 'Isolation of the sandbox processes: always 1, with the tier as a label', [
    'tier',
  ]),
  ready: gauge('codemode.ready', 'Whether new executions are accepted (1) or not (0)'),
  eventLoopDelay: {
    ...gauge('codemode.event_loop.delay', 'Delay of the event loop in the last one to two minutes', ['percentile']),
    unit: 's',
  },
  cpuTime: {
    ...counter('codemode.process.cpu.time', 'CPU time of the executor process, without sandbox processes'),
    unit: 's',
  },
  memory: { ...gauge('codemode.process.memory', 'Resident memory of the executor process'), unit: 'By' },
} as const satisfies Record<string, MetricDefinition>

type Definitions = typeof metricDefinitions

/** Name of a metric in the code. */
export type MetricName = keyof Definitions
/** Names of the metrics of one type. */
export type NameOfType<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: Definitions[Name]['type'] extends Type ? Name : never
}[MetricName]
/** Values of the labels of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<Definitions[Name]['labels'][number], string>>

const unitNames = { s: 'seconds', By: 'bytes' }

/** Returns the name of a metric for Prometheus. */
export function prometheusName({ name, type, unit }: MetricDefinition): string {
  const parts = [
    name.replaceAll('.', '_'),
    ...(unit ? [unitNames[unit]] : []),
    ...(type === 'counter' ? ['total'] : []),
  ]
  return parts.join('_')
}

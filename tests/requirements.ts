/**
 * Requirements by id. A test names those that it verifies as its tags; `npm test` fails while one of them has no test in
 * `tests/`.
 */
export const requirements = {
  'EX-1': "executeAsync(code) returns the code's value with its JSON type, in every form that code may have",
  'EX-2': 'Concurrent executions are independent and keep input order; one failure never loses the others',
  'EX-3': '1, 10 and 100 concurrent executions, each awaiting a 500 ms tool, all wait at once',
  'EX-4': "The caller's event loop stays free while executions wait and while a retry backs off",
  'EX-5': 'submit resolves on acceptance; the handle has id, status, progress, events, wait, cancel, retry',
  'EX-6': 'execute blocks, gives the same values and errors, and is refused where it would stall tools or a server',
  'EX-7': 'Code that is too long fails before it queues; a syntax error before any of the code runs, with its place',
  'EX-8': 'Guest errors carry name, message, a stack in their own lines, logs and tool calls; none can be forged',
  'EX-9': 'Cancelling stops the guest and its tool calls; the name of the error is AbortError',
  'EX-10': 'close() is idempotent, and drains or cancels, as its options say; using a closed client is a clear error',
  'TL-1': 'A tool is a function, {execute}, {run} or {runAsync}, sync or async, with optional schemas and timeout',
  'TL-2': 'Input is validated before the handler runs and output after it; failures are catchable and name the path',
  'TL-3': 'The allow-list holds in the guest, the executor and the tool server; no secret is reachable by guest code',
  'TL-4': 'Promise.all over tools is parallel on the wire; calls above the in-flight limit wait, in order',
  'TL-5': "A call has its execution's context, correlation id, trace, deadline and signal; contexts never mix",
  'TL-6': 'A repeated delivery of a call id never runs the handler twice within one client process',
  'TL-7': 'Tools can be registered at any time; registering a name twice is an error unless overwrite',
  'TL-8':
    'Unicode names stay, others are sanitised, namespaces work, collisions and reserved names are refused at registration',
  'GU-1':
    'Nothing is lost silently: what JSON cannot hold is refused with its path and a hint, and errors arrive as data',
  'GU-2':
    'Results have warnings: unhandled rejections with their error, calls that nobody awaited or that the end cancelled',
  'GU-3': "What a program's value is follows one documented rule, taken from its syntax tree",
  'GU-4':
    'Syntax errors name the token, have line and column, and hint at the usual causes; text around one fence is dropped',
  'GU-5': 'Using something that is not there is an error that says what to do instead',
  'GU-6': 'docs/guest.md lists every global and rule of the guest',
  'RT-1': 'Retries never block, are jittered, honour Retry-After, stop at the deadline, abort at once, and say so',
  'RT-2': 'A retry never runs code twice: the execution id is the idempotency key',
  'RT-3': 'Each clock fires on its own, says which it was; a larger per-call value wins; CPU time excludes waiting',
  'RT-4': 'A rejected key says so, and is never retried nor reported as a connection failure',
  'RT-5': 'Admission is bounded per key and in total: over it 429 or 503 with Retry-After, fair between tenants',
  'CL-1': 'withCache, withFallback, withDegradation and withFailover are executors that nest, and mark the source',
  'CL-4': 'MockExecutor answers without a server, calls tools, and records what it was asked for',
  'CX-1': 'withContext returns a new view; parallel requests through one client never see each other’s context',
  'CX-2': 'One correlation id, and with OpenTelemetry one trace, runs through client, executor, tool calls and errors',
  'CL-5':
    'Configuration from arguments over environment over file, one schema, errors that show the fix; no secret shows',
  'FW-3':
    'TypeScript declarations of the tools for the prompt, accepted by tsc --strict, within a budget; above it code discovers the tools, over its allow-list only',
  'OP-1':
    'One structured log line for each execution, metrics for Prometheus and OpenTelemetry, and one trace from the caller through every node, transport, takeover and retry, without a payload or a secret',
  'OP-2':
    'API keys are stored hashed, carry tenant, owner, rights, limits and expiry, and are made and revoked by a command, without a restart',
  'OP-3':
    "The web console: sessions of API keys whose validity and rights every node checks on every request, no effect of other sites and of another tenant's key, and nothing that a guest has written runs in it",
  'OP-4':
    "Guides for using the client in a project of one's own and for running the executor; their examples, and the configuration of the load balancer, work",
  'SA-1':
    'A sandbox process serves one tenant; it is replaced before another needs its place, and no execution notices',
  'SA-2': "isolation: 'execution' gives every execution a process of its own",
  'SA-3': 'Sandbox processes are replaced after a number of executions and after an anomaly',
  'SA-4': 'A tenant whose code keeps crashing sandbox processes is throttled, with an error that says so',
  'SA-5': 'Sandbox processes end with their executor, even if it is killed',
  'SA-6': 'Who was on the CPU when its process died is tried alone, and fails only if it dies of that as well',
  'SA-7':
    'An isolate serves several guests of a tenant, or one only if the executor or the key says so (`reuseIsolates`)',
  'JB-1': 'A detached execution outlives its client and its node; answered tool calls are not made again',
  'JB-2': 'The record of an execution holds status, times, label, result or error, logs, tool calls and usage',
  'JB-3': "Another tenant's execution answers exactly as an unknown one, on every route",
  'JB-4': 'Detached executions can be listed, filtered, cancelled and retried, from any process',
  'JB-5': "Nodes share a store: any node answers for any execution, and a dead node's executions go on elsewhere",
  'JB-6':
    'Deferred answers and stream tools of detached executions; waiting holds no job, no connection and no memory beyond rows',
  'AP-1':
    'A tool that requires approval waits before its handler runs, for days if need be, at no cost, across restarts and nodes',
  'AP-2':
    'A decision is bound to one call and the hash of its input; approve, with an edited input, reject, or respond; stale ones are refused, repeating is safe',
  'AP-3': 'Attached executions: decided in the client, or promoted and reported as paused; resumed from any process',
  'AP-4':
    'Only keys with the right to approve decide; guest code and tools never can; decisions record who, when and why',
  'SE-1':
    'The steps of a session see the variables of earlier ones; names can be declared again, constants are enforced',
  'SE-2': 'Steps are queued, run one after the other in the order of acceptance, and can be waited for together',
  'SE-3': 'A session is attached to by its id with its state; idle sessions expire with a clear error',
  'SE-4': 'A failed step leaves what it had done; a stopped step leaves the state before it, and says so',
  'SE-5': 'Priorities never reorder the steps of a session; sources are checked when they are accepted',
  'SE-6': 'fork and reset are exact; a session survives the loss of its sandbox process',
  'JB-7':
    'Signed notifications of the end of an execution, of approvals, and of what needs attention: to allowed origins only, repeated for a day, then listed and sent again by an operator',
  'CL-2': 'Client-side concurrency (a number, or adaptive between bounds), rateLimit, and a bounded, fair, timed queue',
  'CL-3':
    'stats(), activeExecutions(), and the events start, retry, tool, log, approval, settle; a logger with levels and redaction',
  'FW-1':
    'One tool for the model, "run this code", for the AI SDK, MCP, OpenAI Agents, Anthropic, and CrewAI-style, whose run never throws; each run against the real package with a scripted model',
  'FW-2':
    'Tools of agent frameworks and of MCP servers become tools of the guest; errors stay errors, inputs are validated, cancellation passes through',
  'FW-4': 'A paused execution is a normal result for the model, with what it waits for; the agent loop resumes it',
} as const

/** Names that options have in other libraries, with the options that are meant or the place to which they belong. */

/** Options that are meant, where the nearest name would be wrong or missing. */
const meantBy: Readonly<Record<string, string>> = {
  afterId: 'after',
  lastEventId: 'after',
  timeout: 'executionTimeoutMs',
  timeoutMs: 'executionTimeoutMs',
  url: 'executorUrl',
  baseUrl: 'executorUrl',
  baseURL: 'executorUrl',
  endpoint: 'executorUrl',
  host: 'executorUrl',
  apiKey: 'executorApiKey',
  key: 'executorApiKey',
  token: 'executorApiKey',
  retries: 'retry',
  maxRetries: 'retry',
  maxConcurrency: 'concurrency',
  memoryMb: 'memoryLimitMb',
  maxCalls: 'maxToolCalls',
  abortSignal: 'signal',
  allowedTools: 'availableTools',
  name: 'label',
  args: 'input',
  data: 'input',
  params: 'input',
  variables: 'input',
}

const ofExecutorClient = 'give it to the ExecutorClient that is the option executor'
const besideUrl =
  'give it where executorUrl is given: to the client, or to the ExecutorClient that is the option executor'

const ofTool = 'give it to the tool: tool({ …, execute })'

/** Places to which options belong that are no options here. */
const places: Readonly<Record<string, string>> = {
  tools:
    'tools of one request come from codemode.withTools(tools), and availableTools chooses among the registered ones',
  limits: 'its values, such as cpuTimeoutMs and maxToolCalls, are options themselves',
  executorUrl: ofExecutorClient,
  executorApiKey: ofExecutorClient,
  retry: besideUrl,
  retries: `it is called retry; ${besideUrl}`,
  maxRetries: `it is called retry; ${besideUrl}`,
  connectTimeoutMs: besideUrl,
  requiresApproval: ofTool,
  approvalTimeoutMs: ofTool,
  deferTimeoutMs: ofTool,
}

/** Returns the option that is meant by a foreign name; undefined if none of the known ones is. */
export function optionMeantBy(name: string, known: readonly string[]): string | undefined {
  return Object.hasOwn(meantBy, name) ? known.find((option) => option === meantBy[name]) : undefined
}

/** Returns where an option belongs that exists, but not here; undefined for any other name. */
export function placeOfOption(name: string): string | undefined {
  return Object.hasOwn(places, name) ? places[name] : undefined
}

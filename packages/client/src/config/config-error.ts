/** Turns what a schema finds wrong with a configuration into a message that shows the corrected code. */
import { defaultRequestLimits, nearestName } from '@codemode/shared'
import type { z } from 'zod'

import { ConfigurationError } from '../errors/configuration-error.ts'

/** How the origin of a configuration names its options, and looks with the given ones put right. */
export interface ConfigOrigin {
  nameOf(option: string): string
  correct(options: readonly string[]): string
}

/** A valid value for each option, as code. */
const examples: Readonly<Record<string, string>> = {
  executor: 'new ExecutorClient({ executorUrl, executorApiKey })',
  executorUrl: "'http://localhost:8001'",
  executorApiKey: 'process.env.CODEMODE_EXECUTOR_API_KEY',
  tools: '{ weather: ({ city }) => forecast(city) }',
  toolServer: "{ port: 8002, url: 'https://app.example/tools', secret: process.env.CODEMODE_TOOL_SERVER_SECRET }",
  retry: '{ maxAttempts: 3, backoffBaseMs: 100, backoffMaxMs: 5_000 }',
  requestTimeoutMs: '45_000',
  connectTimeoutMs: '5_000',
  concurrency: '{ min: 1, max: 10 }',
  rateLimit: '{ requests: 100, perMs: 1_000 }',
  maxQueued: '10_000',
  logger: 'console',
  logLevel: "'info'",
  correlationIdPrefix: "'my-app'",
  availableTools: "['weather']",
  input: "{ city: 'Oslo' }",
  context: "{ clientId: 'c1' }",
  config: "{ units: 'metric' }",
  label: "'a name for the run history'",
  correlationId: "'my-app-0123456789abcdef'",
  priority: '0',
  signal: 'AbortSignal.timeout(60_000)',
  ...Object.fromEntries(Object.entries(defaultRequestLimits).map(([name, value]) => [name, String(value)])),
}

const required = ['executorUrl', 'executorApiKey']

/** A call with one options object, laid out in lines. */
export function correctedCall(callee: string, fields: string, before = ''): string {
  return `${callee}(${before}{\n${fields.replaceAll(/^/gm, '  ')}\n})`
}

const fieldsOf = (options: readonly string[]) => options.map((name) => `${name}: ${examples[name] ?? '…'},`).join('\n')

/** A configuration that was written in code. */
export const codeOrigin: ConfigOrigin = {
  nameOf: (option) => option,
  correct: (options) => correctedCall('Codemode.fromClientConfig', fieldsOf([...new Set([...required, ...options])])),
}

/** What an ExecutorClient is made from. */
export const executorClientOrigin: ConfigOrigin = {
  nameOf: (option) => option,
  correct: (options) => correctedCall('new ExecutorClient', fieldsOf([...new Set([...required, ...options])])),
}

/** The options of one execution. */
export const executeOptionsOrigin: ConfigOrigin = {
  nameOf: (option) => `the option ${option}`,
  correct: (options) => correctedCall('codemode.executeAsync', fieldsOf(options), 'code, '),
}

/** What is wrong, one line for each issue, and the corrected code. */
export function configError(
  issues: readonly z.core.$ZodIssue[],
  origin: ConfigOrigin,
  known: readonly string[],
): ConfigurationError {
  const problems: string[] = []
  const corrected: string[] = []
  for (const issue of issues) {
    const [option, ...inside] = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      const siblings = option === undefined ? known : []
      for (const key of issue.keys) {
        const meant = nearestName(key, siblings)
        const path = [option, ...inside, key].filter((part) => part !== undefined).join('.')
        problems.push(`There is no option ${path}${meant === undefined ? '' : `; did you mean ${meant}?`}`)
        corrected.push(...[option ?? meant].filter((name) => name !== undefined))
      }
    } else if (option === undefined) {
      problems.push(`The configuration must be an object (${issue.message}).`)
    } else {
      problems.push(`${[origin.nameOf(option), ...inside].join('.')}: ${reasonOf(issue)}.`)
      corrected.push(option)
    }
  }
  return new ConfigurationError(problems.join('\n'), origin.correct(corrected))
}

function reasonOf(issue: z.core.$ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined')
  return isMissing ? 'is missing' : issue.message
}

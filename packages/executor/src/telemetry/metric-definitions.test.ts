import { readFileSync } from 'node:fs'

import { isErrorCode } from '@codemode/shared/internal'
import { expect, test } from 'vitest'

import { metricDefinitions, prometheusName, type MetricDefinition } from './metric-definitions.ts'
import { Metrics } from './metrics.ts'
import { metricsObserver } from './metrics-observer.ts'

const definitions: readonly MetricDefinition[] = Object.values(metricDefinitions)
const labelsOf = new Map(
  definitions.flatMap((definition): [string, readonly string[]][] => {
    const name = prometheusName(definition)
    if (definition.type !== 'histogram') return [[name, definition.labels]]
    const parts = ['bucket', 'count', 'sum'] as const
    return parts.map((part) => [
      `${name}_${part}`,
      part === 'bucket' ? [...definition.labels, 'le'] : definition.labels,
    ])
  }),
)
const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

test.each([
  ['executions.started', 'counter', undefined, 'executions_started_total'],
  ['queue.age', 'gauge', 's', 'queue_age_seconds'],
  ['execution.size', 'counter', 'By', 'execution_size_bytes_total'],
] as const)(
  'the metric %s, a %s, has its name for Prometheus by the rules of OpenTelemetry',
  (name, type, unit, expected) => {
    expect(prometheusName({ name, type, ...(unit && { unit }), description: '', labels: [] })).toBe(expected)
  },
)

test('the documentation lists exactly the metrics, with their labels', { tags: ['OP-1'] }, () => {
  const rows = read('docs/monitoring.md').matchAll(/^\| `(codemode_\w+)` +\| (\w+) +\| (.*?) +\|/gm)
  const listed = [...rows].map(([, name, type, labels]) => [name, type, labels!.replaceAll(/[` ]/g, '')])
  const expected = definitions.map((definition) => [
    prometheusName(definition),
    definition.type,
    definition.labels.join(','),
  ])
  expect(listed).toEqual(expected)
})

function dashboardQueries(): string[] {
  const { panels } = JSON.parse(read('deploy/grafana-dashboard.json')) as { panels: { targets: { expr: string }[] }[] }
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
}

function alertQueries(): string[] {
  return [...read('deploy/alerts.yml').matchAll(/^ +expr: (.*)$/gm)].map(([, query]) => query!)
}

function documentedQueries(): string[] {
  return [...read('docs/monitoring.md').matchAll(/`([^`\n]*codemode_[^`\n]*)`/g)].map(([, query]) => query!)
}

test.each([
  ['dashboard', dashboardQueries],
  ['alert rules', alertQueries],
])('the %s use metrics and labels that exist', { tags: ['OP-1'] }, (_name, queries) => {
  const all = queries()
  expect(all.length).toBeGreaterThan(10)
  expect(all.flatMap(unknownNames)).toEqual([])
})

test('queries in the documentation use metrics and labels that exist', { tags: ['OP-1'] }, () => {
  const queries = documentedQueries().filter((query) => /[({]/.test(query))
  expect(queries.flatMap(unknownNames)).toEqual([])
})

test('each alert rule has a severity, and the codes in queries exist', { tags: ['OP-1'] }, () => {
  const rules = read('deploy/alerts.yml').split('- alert: ').slice(1)
  expect(rules.filter((rule) => !/^ +labels: \{ severity: (?:critical|warning) \}$/m.test(rule))).toEqual([])
  const filters = [...alertQueries(), ...dashboardQueries(), ...documentedQueries()]
    .join(' ')
    .matchAll(/code=~?"([^"]+)"/g)
  const codes = [...filters].flatMap(([, alternatives]) => alternatives!.split('|'))
  expect(codes.length).toBeGreaterThan(4)
  expect(codes.filter((code) => !isErrorCode(code))).toEqual([])
})

test('the series of rare events begin with 0, so that an alert sees the first event', { tags: ['OP-1'] }, async () => {
  const metrics = new Metrics()
  metricsObserver(metrics)
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    'codemode_executions_parked_total{reason="attention"} 0',
    'codemode_notifications_total{outcome="abandoned"} 0',
    'codemode_requests_refused_total{code="STORE_UNAVAILABLE"} 0',
    'codemode_executions_failed_by_bug_total 0',
  ])
    expect(lines).toContain(line)
})

/** Returns the metrics and labels of a query that do not exist, and the query if it has no metric. */
function unknownNames(query: string): string[] {
  const metrics = [...query.matchAll(/\b(codemode_\w+)(?:\{([^}]*)\})?/g)]
  const grouping = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/, */))
  const unknown = metrics.flatMap(([, name, filter = '']) => {
    const known = labelsOf.get(name!)
    const used = [...[...filter.matchAll(/(\w+)(?==~?")/g)].map(([, label]) => label!), ...grouping]
    return known === undefined ? [name!] : used.filter((label) => label !== 'instance' && !known.includes(label))
  })
  const isOfPrometheus = query.startsWith('up{')
  return metrics.length === 0 && !isOfPrometheus ? [query] : unknown.map((name) => `${name} in ${query}`)
}

import { api } from '@codemode/testkit'

/** Metrics of one or several executors. */
export interface ReadMetrics {
  /** Returns the sum of a metric over all executors, of the samples that have the given labels. */
  sum(this: void, name: string, labels?: Readonly<Record<string, string>>): number
}

/** Reads the metrics of executors. */
export async function readMetrics(
  ...executors: readonly { readonly url: string; readonly apiKey?: string }[]
): Promise<ReadMetrics> {
  const samples: { name: string; labels: Map<string, string>; value: number }[] = []
  for (const executor of executors) {
    const { status, body } = await api(executor, '/metrics', {
      ...(executor.apiKey !== undefined && { key: executor.apiKey }),
    })
    if (status !== 200) throw new Error(`GET /metrics was answered with ${status}`)
    for (const [, name, labels = '', value] of (body as string).matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
      const pairs = labels.matchAll(/(\w+)="([^"]*)"/g)
      samples.push({
        name: name!,
        labels: new Map([...pairs].map(([, label, text]) => [label!, text!])),
        value: Number(value),
      })
    }
  }
  return {
    sum: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, text]) => sample.labels.get(label) === text))
        .reduce((sum, { value }) => sum + value, 0),
  }
}

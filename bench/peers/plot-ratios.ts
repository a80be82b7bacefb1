import * as Plot from '@observablehq/plot'

import { drawSvg } from '../svg.ts'
import type { WorkloadResult } from './results.ts'

/**
 * Draws, for each workload, what Codemode needs of time or memory divided by what each peer needs: the median of the rounds,
 * and their range as a line. A rate counts as the time of an execution. A workload in which a peer failed has no mark.
 */
export function drawRatios(results: readonly WorkloadResult[]): string {
  const marks = results.flatMap(({ workload, of, products }) =>
    products.flatMap(({ product, ratio }) => {
      if (ratio === undefined || !(ratio.min > 0)) return []
      const { median, min, max } = ratio
      const needs = of === 'rate' ? [1 / median, 1 / max, 1 / min] : [median, min, max]
      return [{ workload, product, median: needs[0]!, min: needs[1]!, max: needs[2]! }]
    }),
  )
  const products = [...new Set(marks.map(({ product }) => product))]
  return drawSvg({
    width: 900,
    height: 60 + results.length * (products.length + 1) * 12,
    marginLeft: 270,
    marginRight: 150,
    x: {
      type: 'log',
      label: 'Codemode / peer; left of 1, Codemode needs less',
      labelAnchor: 'center',
      grid: true,
      nice: true,
      tickFormat: '~r',
    },
    y: { label: null, domain: products, axis: null },
    fy: { label: null, domain: results.map(({ workload }) => workload), padding: 0.2 },
    color: { domain: products, legend: false },
    marks: [
      Plot.ruleX([1], { stroke: 'black', strokeDasharray: '4' }),
      Plot.ruleY(marks, { y: 'product', x1: 'min', x2: 'max', fy: 'workload', stroke: 'product' }),
      Plot.dot(marks, { x: 'median', y: 'product', fy: 'workload', fill: 'product', r: 3.5 }),
      Plot.text(products, {
        y: (product: string) => product,
        fy: () => results[0]?.workload,
        text: (product: string) => product,
        fill: (product: string) => product,
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 10,
      }),
    ],
  })
}

/**
 * Draws the results of `--json`: `npm run bench plot FILE.json` writes an SVG of the goals, one for each kind of
 * growth, one of the ratios to the peers, and the tables as Markdown.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import * as Plot from '@observablehq/plot'

import { printed, type GoalRow } from './goals.ts'
import type { Curve } from './growth.ts'
import { markdownTable } from './markdown.ts'
import { drawRatios } from './peers/plot-ratios.ts'
import type { WorkloadResult } from './peers/results.ts'
import { drawSvg } from './svg.ts'
import type { Row } from './table.ts'

interface Results {
  readonly machine: Row
  readonly goals: readonly GoalRow[]
  readonly found: readonly { readonly title?: string; readonly rows?: readonly Row[]; readonly value?: unknown }[]
}

const width = 720

/** Writes the plots into a folder beside the file, and returns their paths. */
export function plot(file: string): string[] {
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results
  const curves = results.found.flatMap(({ title, value }) => (title === 'growth' ? [value as Curve] : []))
  const drawn = [...new Set(curves.map(({ of }) => of))].map((of) => [`${of}.svg`, drawGrowth(curves, of)] as const)
  const files = new Map([...drawn, ['tables.md', tables(results)]])
  if (results.goals.length > 0) files.set('goals.svg', drawGoals(results.goals))
  const peers = results.found.find(({ title }) => title === 'peers')?.value
  if (peers !== undefined) files.set('peers.svg', drawRatios(peers as WorkloadResult[]))
  const folder = file.replace(/(\.json)?$/, '.plots')
  mkdirSync(folder, { recursive: true })
  return [...files].map(([name, content]) => {
    const path = join(folder, name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-'))
    writeFileSync(path, content)
    return path
  })
}

function tables({ machine, goals, found }: Results): string {
  const measured = found.flatMap(({ title, rows }) => (title && rows ? [markdownTable(title, rows)] : []))
  return [markdownTable('Machine', [machine]), markdownTable('Goals', goals.map(printed)), ...measured].join('\n')
}

/** Draws each goal as measured number divided by limit; bars left of the line are met. */
function drawGoals(goals: readonly GoalRow[]): string {
  const bars = goals.map(({ goal, limit, share, met }) => ({ goal: `${goal} (${limit})`, share, met }))
  return drawSvg({
    marginLeft: 540,
    width: width + 380,
    x: { label: 'measured / limit', grid: true },
    y: { label: null, domain: bars.map(({ goal }) => goal) },
    color: { domain: ['yes', 'no'], range: ['seagreen', 'firebrick'] },
    marks: [Plot.barX(bars, { x: 'share', y: 'goal', fill: 'met' }), Plot.ruleX([1], { strokeDasharray: '4' })],
  })
}

/** Draws the median of each size with the range of its rounds; the dashed line is linear growth. */
function drawGrowth(curves: readonly Curve[], of: string): string {
  const lines = curves.filter((curve) => curve.of === of)
  const points = lines.flatMap(({ name, points }) => points.map(({ size, ms }) => ({ name, size, ...ms })))
  const linear = lines.flatMap(({ name, points }) => {
    const last = points.at(-1)!
    return points.map(({ size }) => ({ name, size, median: (last.ms.median * size) / last.size }))
  })
  const ends = lines.map(({ name, points }) => ({ name, size: points.at(-1)!.size, ...points.at(-1)!.ms }))
  return drawSvg({
    width,
    x: { type: 'log', base: 2, label: of, grid: true },
    y: { type: 'log', label: 'ms', grid: true },
    marginRight: 120,
    marks: [
      Plot.line(linear, { x: 'size', y: 'median', z: 'name', stroke: 'silver', strokeDasharray: '4' }),
      Plot.ruleX(points, { x: 'size', y1: 'min', y2: 'max', stroke: 'name' }),
      Plot.line(points, { x: 'size', y: 'median', stroke: 'name' }),
      Plot.dot(points, { x: 'size', y: 'median', fill: 'name' }),
      Plot.text(ends, { x: 'size', y: 'median', text: 'name', textAnchor: 'start', dx: 8 }),
    ],
  })
}

import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** Draws a plot, and returns it as the text of an SVG file. */
export function drawSvg(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>')
  const svg = Plot.plot({ ...options, document })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return svg.outerHTML
}

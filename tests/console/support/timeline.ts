import type { Locator, Page } from 'playwright-core'

/** Timeline on the page of an execution. */
export interface Timeline {
  /** List of the rows, of which only those in view are in the page. */
  readonly list: Locator
  /** Returns the row with an id, such as `call-2`. */
  row(id: string): Locator
  /** Returns the texts of all rows in their order, without the inputs of calls, by scrolling through the list. */
  rows(): Promise<string[]>
  /** Returns the shown part of the time axis, as shares of its length. */
  window(): Promise<{ readonly from: number; readonly to: number }>
}

/** Returns the timeline of a page when it is there. */
export async function timelineOf(page: Page): Promise<Timeline> {
  const list = page.getByRole('listbox', { name: 'Rows of the timeline' })
  await list.getByRole('option').first().waitFor()
  return {
    list,
    row: (id) => page.locator(`[id="row-${id}"]`),
    rows: () => readRows(list),
    async window() {
      const mark = page.locator('.minimap-window')
      if ((await mark.count()) === 0) return { from: 0, to: 1 }
      const style = /left: ([\d.]+)%; width: ([\d.]+)%/.exec((await mark.getAttribute('style'))!)!
      const [from, length] = [Number(style[1]) / 100, Number(style[2]) / 100]
      return { from, to: from + length }
    },
  }
}

/** Returns true if the middle of the element is visible in the window and not covered by another one. */
export function isInView(element: Locator): Promise<boolean> {
  return element.evaluateAll(([found]) => {
    if (found === undefined) return false
    const { left, top, height } = found.getBoundingClientRect()
    return found.contains(found.ownerDocument.elementFromPoint(left + 40, top + height / 2))
  })
}

function readRows(list: Locator): Promise<string[]> {
  return list.evaluate(async (box) => {
    const found = new Map<number, string>()
    const nextFrame = () => new Promise((resolve) => box.ownerDocument.defaultView!.requestAnimationFrame(resolve))
    for (let top = 0; top < box.scrollHeight; top += box.clientHeight) {
      box.scrollTop = top
      // The rows are drawn in the frame after the one in which the list was scrolled.
      await nextFrame()
      await nextFrame()
      for (const row of box.querySelectorAll('[role=option]')) {
        const [position] = /[\d.]+/.exec(row.getAttribute('style') ?? '')!
        const { textContent: text } = row.querySelector('.timeline-name')!
        const input = row.querySelector('.timeline-input')?.textContent ?? ''
        found.set(
          Number(position),
          text
            .slice(0, text.length - input.length)
            .replaceAll(/\s+/g, ' ')
            .trim(),
        )
      }
    }
    return [...found].sort(([a], [b]) => a - b).map(([, text]) => text)
  })
}

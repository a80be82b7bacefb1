/**
 * Tests the syntax of the guest runtime: array patterns, spread of iterables, `for…of` and `yield*` look up
 * `Symbol.iterator`, which code in the same isolate can replace.
 */
import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

import { type Node, parse } from 'acorn'
import { expect, test } from 'vitest'

const folder = `${import.meta.dirname}/guest`
const files = globSync('**/*.ts', { cwd: folder }).filter((file) => !file.endsWith('.test.ts'))

/** Returns the uses of the iteration protocol in a module, each as its line and its kind. */
function iterationsIn(source: string): string[] {
  const found: string[] = []
  const program = parse(stripTypeScriptTypes(source), { ecmaVersion: 'latest', sourceType: 'module', locations: true })
  visit(program, undefined)
  return found

  function visit(node: Node, parent: Node | undefined): void {
    if (iterates(node, parent)) found.push(`${node.loc!.start.line}: ${node.type}`)
    for (const child of Object.values(node).flat()) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, node)
    }
  }
}

function iterates(node: Node, parent: Node | undefined): boolean {
  switch (node.type) {
    case 'ArrayPattern':
    case 'ForOfStatement':
      return true
    case 'SpreadElement':
      // Spread in an object literal copies own properties.
      return parent?.type !== 'ObjectExpression'
    case 'YieldExpression':
      return (node as Node & { delegate: boolean }).delegate
    default:
      return false
  }
}

test.each(files)('%s does not iterate by the protocol that code can replace', (file) => {
  expect(iterationsIn(readFileSync(`${folder}/${file}`, 'utf8'))).toEqual([])
})

test.each([
  ['const [a] = b', '1: ArrayPattern'],
  ['\nfunction f([a]: string[]) {}', '2: ArrayPattern'],
  ['for (const { a: [b] } of c) {}', '1: ForOfStatement'],
  ['f(...a)', '1: SpreadElement'],
  ['new F(1, ...a)', '1: SpreadElement'],
  ['g([...a])', '1: SpreadElement'],
  ['async () => { for await (const a of b) {} }', '1: ForOfStatement'],
  ['function* f() { yield* a }', '1: YieldExpression'],
  ['try {} catch ([a]) {}', '1: ArrayPattern'],
])('the check finds what iterates: %s', (source, place) => {
  expect(iterationsIn(source)).toContain(place)
})

test.each([
  'const { a, ...b } = { ...c }',
  'function f(...a) {}',
  'for (const a in b) {}',
  'function* f() { yield a }',
])('the check accepts what does not iterate: %s', (source) => {
  expect(iterationsIn(source)).toEqual([])
})

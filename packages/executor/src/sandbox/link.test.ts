import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { link } from './link.ts'

function run(entry: URL, name: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- running what was linked is the test
  return new Function(link(entry, name))()
}

describe('link', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'link-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function write(files: Record<string, string>): URL {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return pathToFileURL(join(folder, Object.keys(files)[0] ?? ''))
  }
  test('concatenates TypeScript modules, each once and dependencies first', () => {
    const entry = write({
      'main.ts': `import { twice } from './lib/twice.ts'\nimport { BASE } from './base.ts'\nexport const answer: number = twice(BASE)`,
      'lib/twice.ts': `import { BASE } from '../base.ts'\nimport type { T } from './nowhere.ts'\nexport function twice(n: T): number { return n === BASE ? 42 : 0 }`,
      'base.ts': `/** a comment\n with lines */\nexport const BASE = 21 as const // and one more`,
    })
    expect(run(entry, 'answer')).toBe(42)
    expect(link(entry, 'answer').match(/const BASE/g)).toHaveLength(1)
    expect(link(entry, 'answer')).not.toContain('comment')
  })

  test('reads built JavaScript as it is, in strict mode', () => {
    const entry = write({
      'main.js': `export function mode() { return this === undefined }\n//# sourceMappingURL=main.js.map`,
    })
    expect((run(entry, 'mode') as () => boolean)()).toBe(true)
    expect(link(entry, 'mode')).not.toContain('sourceMappingURL')
  })

  test('keeps what looks like a comment or an export inside of strings', () => {
    const entry = write({ 'main.ts': 'export const text = `// export const x\n/* no */`' })
    expect(run(entry, 'text')).toBe('// export const x\n/* no */')
  })

  test('refuses two modules that declare the same name', () => {
    const entry = write({
      'main.ts': `import { a } from './a.ts'\nfunction helper() { return a }\nexport const b = helper`,
      'a.ts': `function helper() {}\nexport const a = helper`,
    })
    expect(() => link(entry, 'b')).toThrow(/helper is declared at top level in both .*a\.ts and .*main\.ts/)
  })

  test('refuses an export that is not there', () => {
    expect(() => link(write({ 'main.ts': 'export const a = 1' }), 'b')).toThrow('does not declare b')
  })

  test.each([
    `import { a as b } from './a.ts'`,
    `import * as a from './a.ts'`,
    `import a from './a.ts'`,
    `import { a } from 'a'`,
    `export default function a() {}`,
    `export * from './a.ts'`,
    `export { a } from './a.ts'`,
    `globalThis.a = 1`,
    `const { a } = {}`,
  ])('refuses what concatenation would get wrong: %s', (code) => {
    expect(() => link(write({ 'main.ts': code, 'a.ts': 'export const a = 1' }), 'a')).toThrow("can't link")
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { bundleRuntime, functionBody } from './bundle-runtime.ts'

describe('functionBody', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bundle-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function bundle(files: Record<string, string>, exportName: string): string {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return functionBody(pathToFileURL(join(folder, 'main.ts')), exportName)
  }

  test('returns the export of the entry module, in strict mode and without comments', () => {
    const body = bundle(
      {
        'main.ts': `import { twice } from './twice.ts'\n/** a comment */\nexport function answer(this: void) { return [this === undefined, twice(21)] }`,
        'twice.ts': `export const twice = (n: number): number => n * 2 // another`,
      },
      'answer',
    )
    // oxlint-disable-next-line typescript/no-implied-eval -- running what was bundled is the test
    expect(new Function(body)()()).toEqual([true, 42])
    expect(body).not.toContain('comment')
  })

  test('keeps two modules with the same names apart', () => {
    const body = bundle(
      {
        'main.ts': `import { b } from './b.ts'\nconst size = 1\nexport const sizes = [size, b]`,
        'b.ts': `const size = 2\nexport const b = size`,
      },
      'sizes',
    )
    // oxlint-disable-next-line typescript/no-implied-eval -- running what was bundled is the test
    expect(new Function(body)()).toEqual([1, 2])
  })

  test('refuses an entry module that exports something else', () => {
    expect(() => bundle({ 'main.ts': 'export const a = 1, b = 2' }, 'a')).toThrow(
      'main.ts must export a and nothing else',
    )
  })
})

test('the guest runtime calls no helper of the bundler, and its classes keep their names', () => {
  const { runtime, parts } = bundleRuntime()
  const text = [runtime, ...Object.values(parts)].join('\n')
  expect(text).not.toMatch(/__(?!proto__)\w+/)
  expect(text).not.toMatch(/class _/)
})

test('the guest runtime has the same text each time it is bundled', () => {
  expect(bundleRuntime()).toEqual(bundleRuntime())
})

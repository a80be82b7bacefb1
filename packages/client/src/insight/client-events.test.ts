import process from 'node:process'

import { expect, test } from 'vitest'

import { Codemode } from '../codemode.ts'
import { MockExecutor } from '../executors/mock-executor.ts'
import type { Logger } from './logger.ts'

const codemodeOf = (config: { readonly logger?: Logger } = {}) =>
  Codemode.fromClientConfig({ executor: new MockExecutor(), ...config })

/** Resolves with the message of the next warning of this package. */
function nextWarning(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const note = ({ name, message }: Error): void => {
    if (name === 'CodemodeWarning') resolve(message)
  }
  process.on('warning', note)
  return promise.finally(() => process.off('warning', note))
}

test('a listener that is added during an event receives the next one', async () => {
  await using codemode = codemodeOf()
  let heard = 0
  const listen = (): void => {
    const off = codemode.on('settle', () => {
      off()
      heard += 1
      if (heard < 100) listen()
    })
  }
  listen()
  await codemode.executeAsync('1')
  expect(heard).toBe(1)
  await codemode.executeAsync('1')
  expect(heard).toBe(2)
})

test('a listener that is removed during an event does not receive it', async () => {
  await using codemode = codemodeOf()
  let heard = 0
  codemode.on('settle', () => offSecond())
  const offSecond = codemode.on('settle', () => (heard += 1))
  await codemode.executeAsync('1')
  expect(heard).toBe(0)
})

test('the client logs a warning when an async listener rejects', async () => {
  await using codemode = codemodeOf()
  codemode.on('settle', () => Promise.reject(new Error('no room on the disk')) as never)
  const warning = nextWarning()
  await codemode.executeAsync('1')
  expect(await warning).toBe('A listener of the event settle threw: Error: no room on the disk')
})

const ignore = (): void => {}
const info = () => Promise.reject(new Error('no room on the disk')) as never

test('the client logs a warning when an async logger rejects', async () => {
  await using codemode = codemodeOf({ logger: { debug: ignore, info, warn: ignore, error: ignore } })
  const warning = nextWarning()
  await codemode.executeAsync('1')
  expect(await warning).toContain('no room on the disk')
})

test('the execution continues and is counted, whatever a listener throws', async () => {
  await using codemode = codemodeOf()
  codemode.on('start', () => {
    throw Object.create(null)
  })
  const warning = nextWarning()
  expect(await codemode.executeAsync('1')).toBeNull()
  expect(await warning).toContain('A listener of the event start threw')
  expect(codemode.stats()).toMatchObject({ total: 1, running: 0, successful: 1 })
})

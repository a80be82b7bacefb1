import { expect, test } from 'vitest'

import { toolLatch } from '@codemode/testkit'
import { useCodemode } from '../support/suite.ts'
import { memoryLeftovers } from './remaining-memory.ts'
import { leftovers } from './remaining-state.ts'
import { runAttacks } from './run-attacks.ts'
import { attacks } from './side-channels.attacks.ts'

runAttacks('side channels', attacks)

const suite = useCodemode({ executor: { sandboxProcesses: 1 }, client: { tools: { echo: (input: unknown) => input } } })

test.each([...leftovers, ...memoryLeftovers])(
  'in one process, $title left by one execution reaches neither later nor earlier executions',
  { tags: ['EX-2'] },
  async ({ leave, look, clean }) => {
    const { codemode } = suite
    const { enter, arrived, open } = toolLatch()
    codemode.registerTool('hold', enter, { overwrite: true })
    const earlier = await codemode.submit(`await tools.hold('x'); ${look}`)
    await arrived()
    expect(await codemode.executeAsync(look)).toEqual(clean)
    expect(await codemode.executeAsync(`${leave}; return tools.echo('left')`)).toBe('left')
    expect(await codemode.executeAsync(look)).toEqual(clean)
    open()
    expect(await earlier.wait()).toMatchObject({ success: true, result: clean })
  },
)

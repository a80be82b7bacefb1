import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import * as client from '@codemode/client'
import * as aiSdk from '@codemode/client/ai-sdk'
import * as anthropic from '@codemode/client/anthropic'
import * as crewai from '@codemode/client/crewai'
import * as mcp from '@codemode/client/mcp'
import * as mcpServer from '@codemode/client/mcp-server'
import * as openaiAgents from '@codemode/client/openai-agents'
import * as executor from '@codemode/executor'
import * as shared from '@codemode/shared'
import * as internal from '@codemode/shared/internal'
import * as nodeVersion from '@codemode/shared/node-version'
import { describe, expect, test } from 'vitest'

const entries = [
  { name: 'client', module: client, source: 'client/src/index.ts' },
  { name: 'client-ai-sdk', module: aiSdk, source: 'client/src/frameworks/ai-sdk.ts' },
  { name: 'client-anthropic', module: anthropic, source: 'client/src/frameworks/anthropic.ts' },
  { name: 'client-crewai', module: crewai, source: 'client/src/frameworks/crewai.ts' },
  { name: 'client-mcp', module: mcp, source: 'client/src/frameworks/mcp.ts' },
  { name: 'client-mcp-server', module: mcpServer, source: 'client/src/frameworks/mcp-server/index.ts' },
  { name: 'client-openai-agents', module: openaiAgents, source: 'client/src/frameworks/openai-agents.ts' },
  { name: 'executor', module: executor, source: 'executor/src/index.ts' },
  { name: 'shared', module: shared, source: 'shared/src/index.ts' },
  { name: 'shared-internal', module: internal, source: 'shared/src/internal.ts' },
  { name: 'shared-node-version', module: nodeVersion, source: 'shared/src/node-version.ts' },
]

describe.each(entries)('$name', ({ name, module, source }) => {
  test('exports these values and types, and no others; `npm test -- exports -u` notes a change', async () => {
    const { values, types } = await exportsOf(join(import.meta.dirname, '../../packages', source))
    expect(values).toEqual(Object.keys(module).sort())
    const lines = [...values.map((value) => `value ${value}`), ...types.map((type) => `type ${type}`), '']
    await expect(lines.join('\n')).toMatchFileSnapshot(`exports/${name}.txt`)
  })
})

/** Reads the exported names from the source, because types do not exist at run time. The source lists each export. */
async function exportsOf(path: string): Promise<{ values: string[]; types: string[] }> {
  const source = await readFile(path, 'utf8')
  const values: string[] = []
  const types: string[] = []
  for (const [, onlyTypes, names] of source.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const name of names!.split(',').map((part) => part.trim())) {
      if (name === '') continue
      const isType = onlyTypes !== undefined || name.startsWith('type ')
      ;(isType ? types : values).push(name.replace(/^type |.* as /g, ''))
    }
  }
  return { values: values.sort(), types: types.sort() }
}

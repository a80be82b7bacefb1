import { basename } from 'node:path'

import { isObject } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolLike } from './define.ts'
import type { RegisteredTool } from './prepare-tool.ts'
import type { ToolRegistry } from './registry.ts'
import { hasHandler } from './tool-properties.ts'

/**
 * Milliseconds that a module may take to load. Without a limit, a top-level `await` that never ends would block every
 * execution.
 */
const maxLoadMs = 30_000

/** Tools of a module, which are registered when they are first needed. */
export class ToolsModule {
  readonly #registered = new Set<RegisteredTool>()
  readonly #url: string
  readonly #registry: ToolRegistry
  #loading: Promise<void> | undefined
  #isLoaded = false

  constructor(url: string, registry: ToolRegistry) {
    this.#url = url
    this.#registry = registry
  }

  /** Loads the module, once. Throws a ConfigurationError if it can't be loaded or exports no tools. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  /** Whether its tools are registered. */
  get isLoaded(): boolean {
    return this.#isLoaded
  }

  async #load(): Promise<void> {
    const file = basename(new URL(this.#url).pathname)
    const module = await importModule(this.#url, file)
    const tools = exportedTools(module)
    if (!isObject(tools)) {
      throw new ConfigurationError(
        `The toolsModule ${file} must export an object of tools, as its default export or as tools.`,
        example(file),
      )
    }
    for (const [name, tool] of Object.entries(tools as Record<string, ToolLike>)) {
      this.#registry.register(name, tool)
      for (const registered of this.#registry.select([name])) this.#registered.add(registered)
    }
    this.#isLoaded = true
  }

  /** Returns whether the tool is one of the module, and not one that was registered over it. */
  has(tool: RegisteredTool): boolean {
    return this.#registered.has(tool)
  }
}

async function importModule(url: string, file: string): Promise<Record<string, unknown>> {
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(() => timedOut.reject(new Error(`it took longer than ${maxLoadMs} ms`)), maxLoadMs)
  try {
    return (await Promise.race([import(/* webpackIgnore: true */ /* @vite-ignore */ url), timedOut.promise])) as Record<
      string,
      unknown
    >
  } catch (cause) {
    throw new ConfigurationError(`The toolsModule ${file} can't be loaded: ${reasonOf(cause)}.`, example(file), {
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Returns the default export of a module, or its export `tools`. The default export of a CommonJS module is the object of
 * its exports, which may have either of them. A compiler marks the object if it made it from an ES module.
 */
function exportedTools({ default: exported, tools }: Record<string, unknown>): unknown {
  if (!isObject(exported)) return exported ?? tools
  if (exported['__esModule'] === true) return exported['default'] ?? exported['tools']
  // Node does not find every export of a CommonJS module.
  const inner = exported['tools']
  return isObject(inner) && (inner === tools || !hasHandler(inner)) ? inner : exported
}

/**
 * Returns the reason why a module did not load. The loader's own message for a missing module has paths of this
 * machine.
 */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it threw'
  const isMissing = 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  return isMissing ? 'it, or a module that it imports, was not found' : `${cause.name}: ${cause.message}`
}

const example = (file: string): string =>
  `// ${file}\nexport default {\n  weather: async ({ city }) => forecast(city),\n}`

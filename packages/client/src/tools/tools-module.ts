import { basename } from 'node:path'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolLike } from './define.ts'
import type { RegisteredTool, ToolRegistry } from './registry.ts'

/** The tools of a module, registered when they are first needed. */
export class ToolsModule {
  readonly #registered = new Set<RegisteredTool>()
  readonly #url: string
  readonly #registry: ToolRegistry
  #loading: Promise<void> | undefined

  constructor(url: string, registry: ToolRegistry) {
    this.#url = url
    this.#registry = registry
  }

  /** Loads the module, once. Throws a ConfigurationError, whatever is wrong with it. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async #load(): Promise<void> {
    const file = basename(new URL(this.#url).pathname)
    const module = await importModule(this.#url, file)
    const tools = module['default'] ?? module['tools']
    if (typeof tools !== 'object' || tools === null) {
      throw new ConfigurationError(`The toolsModule ${file} exports no record of tools.`, example(file))
    }
    for (const [name, tool] of Object.entries(tools as Record<string, ToolLike>)) {
      this.#registry.register(name, tool)
      for (const registered of this.#registry.select([name])) this.#registered.add(registered)
    }
  }

  /** Whether the tool is one of its own, and not one that was registered over it. */
  has(tool: RegisteredTool): boolean {
    return this.#registered.has(tool)
  }
}

async function importModule(url: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(url)) as Record<string, unknown>
  } catch (cause) {
    throw new ConfigurationError(`The toolsModule ${file} can't be loaded: ${reasonOf(cause)}.`, example(file), {
      cause,
    })
  }
}

/** Why a module did not load; what the loader itself says of a missing one has paths of this machine. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it threw'
  const isMissing = 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  return isMissing ? 'it, or a module that it imports, is not there' : `${cause.name}: ${cause.message}`
}

const example = (file: string): string =>
  `// ${file}\nexport default {\n  weather: async ({ city }) => forecast(city),\n}`

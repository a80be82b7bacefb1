import { nearestName } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ToolLike } from './define.ts'
import { wireNameOf } from './names.ts'
import { prepareTool, type RegisteredTool } from './prepare-tool.ts'

interface RegisterOptions {
  /** Whether the tool may replace another one of the same name. */
  readonly overwrite?: boolean | undefined
}

/** Tools of a client or a view, by the names by which code calls them. */
export class ToolRegistry {
  readonly #tools = new Map<string, RegisteredTool>()
  /** Registry that this one extends. Its tools are looked up when they are needed, so that later ones count. */
  readonly #base: ToolRegistry | undefined

  #version = 0

  constructor(base?: ToolRegistry) {
    this.#base = base
  }

  /** Adds a tool. Throws a ConfigurationError if it can't be used, or its name is taken here or in the base. */
  register(name: string, tool: ToolLike, options: RegisterOptions = {}): void {
    const registered = prepareTool(name, tool)
    const wireName = registered.declaration.name
    const other = this.get(wireName)
    if (other !== undefined && other.name !== name) {
      throw new ConfigurationError(
        `The tools ${quote(other.name)} and ${quote(name)} would both be called as tools.${wireName}.`,
        `codemode.registerTool(${quote(this.#freeName(wireName))}, …)`,
      )
    }
    if (other !== undefined && options.overwrite !== true) {
      throw new ConfigurationError(
        `The tool ${quote(name)} is already registered.`,
        `codemode.registerTool(${quote(name)}, …, { overwrite: true })`,
      )
    }
    this.#tools.set(wireName, registered)
    this.#version += 1
  }

  /** Number that changes with each registration, here and in the base. */
  get version(): number {
    return this.#version + (this.#base?.version ?? 0)
  }

  /** Adds tools by name. A tool of the base that has the same name is replaced in this registry only. */
  registerAll(tools: Readonly<Record<string, ToolLike>>): void {
    for (const [name, tool] of Object.entries(tools)) {
      this.register(name, tool, { overwrite: !this.#tools.has(wireNameOf(name)) })
    }
  }

  /** Returns the tool that code calls by this name; undefined if there is none. */
  get(wireName: string): RegisteredTool | undefined {
    return this.#tools.get(wireName) ?? this.#base?.get(wireName)
  }

  /**
   * Returns the tools of an allow-list, by either of their names; all tools if there is no list. Throws a
   * ConfigurationError for a name that is not registered.
   */
  select(names: readonly string[] | undefined): RegisteredTool[] {
    if (names === undefined) return [...this.#all().values()]
    return [...new Set(names.map((name) => this.#find(name)))]
  }

  /** Returns all tools, those of the base first; a replaced one has the place of the original. */
  #all(): Map<string, RegisteredTool> {
    return this.#base === undefined ? this.#tools : new Map([...this.#base.#all(), ...this.#tools])
  }

  #find(name: string): RegisteredTool {
    const tool = this.get(wireNameOf(name))
    if (tool !== undefined && (tool.name === name || tool.declaration.name === name)) return tool
    const known = this.select(undefined).map((tool) => tool.name)
    const meant = nearestName(name, known)
    throw new ConfigurationError(
      `availableTools names ${quote(name)}, which is not registered. ` +
        (known.length === 0 ? 'No tools are registered.' : `Registered tools: ${known.join(', ')}.`) +
        (meant === undefined ? '' : ` Did you mean ${quote(meant)}?`),
      meant === undefined
        ? `codemode.registerTool(${quote(name)}, …)`
        : `codemode.executeAsync(code, { availableTools: [${quote(meant)}] })`,
    )
  }

  #freeName(wireName: string): string {
    for (let n = 2; ; n++) if (this.get(`${wireName}_${n}`) === undefined) return `${wireName}_${n}`
  }
}

const quote = (name: string): string => `'${name}'`

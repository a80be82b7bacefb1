/** Reads a client's configuration from a YAML file. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { isObject, namesAt } from '@codemode/shared/internal'

import { ConfigurationError } from '../errors/configuration-error.ts'
import { environment, environmentLayer } from './env.ts'
import { asCall, asYaml, fieldsAt, requiredFields } from './examples.ts'
import { argumentsLayer, type Layer } from './layer.ts'
import { writtenOptions } from './options.ts'
import { resolveLayers } from './resolve.ts'
import { connectedSchema, isPath, type ClientConfig, type ResolvedConfig } from './schema.ts'
import type { Environment } from './expand.ts'
import { YamlFile } from './yaml-file.ts'

/** Returns the configuration of a file, overridden by the environment, overridden by the given options. */
export async function configFromFile(
  path: string | URL,
  given: Partial<ClientConfig> = {},
  env: Environment = environment,
): Promise<ResolvedConfig> {
  if (typeof path !== 'string' && !(path instanceof URL)) {
    throw new ConfigurationError(
      `The path of the configuration file must be a string or a URL; it is of type ${typeof path}.`,
      isObject(path) ? 'Codemode.fromClientConfig({ … })' : "Codemode.fromConfig('codemode.yaml')",
    )
  }
  const file = await fileLayer(path, env)
  const call = 'Codemode.fromConfig'
  return resolveLayers([argumentsLayer(given, call, `'${nameOf(path)}', `), environmentLayer(env), file])
}

async function fileLayer(path: string | URL, env: Environment): Promise<Layer> {
  const name = nameOf(path)
  const file = new YamlFile(name, await textOf(path))
  const values = withoutEmpty(file.read(env))
  const layer: Layer = {
    values: withResolvedModule(values, path),
    isText: true,
    nameOf: (option) => file.nameOf(option),
    placeOf: (option) => file.placeOf(option),
    correct: (fields) => `# ${name}\n${asYaml(fields.length === 0 ? requiredFields : fields)}`,
  }
  refuseCodeOnlyOptions(layer)
  return layer
}

const nameOf = (path: string | URL): string => basename(path instanceof URL ? path.pathname : path)

/** Returns the text of a file. Throws a ConfigurationError that names the file as it was given if it can't be read. */
async function textOf(path: string | URL): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const given = path instanceof URL ? nameOf(path) : path
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it is not a file'
    throw new ConfigurationError(
      `The configuration file ${given} can't be read (${code}). Correct its path, or create it.`,
      `# ${nameOf(path)}\n${asYaml(requiredFields)}`,
    )
  }
}

/** Returns the options without null and empty values, which count as not set. */
function withoutEmpty(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const set = Object.entries(values).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(set.map(([name, value]) => [name, isObject(value) ? withoutEmpty(value) : value]))
}

/** Returns the options with the path of `toolsModule` resolved against the folder of the file. */
function withResolvedModule(values: Record<string, unknown>, path: string | URL): Record<string, unknown> {
  const { toolsModule } = values
  if (!isPath(toolsModule)) return values
  return { ...values, toolsModule: resolve(dirname(path instanceof URL ? fileURLToPath(path) : path), toolsModule) }
}

/** Throws a ConfigurationError if the file has an option that only code can give. */
function refuseCodeOnlyOptions(layer: Layer): void {
  const written = writtenOptions(connectedSchema, layer.values)
  const [option] = namesAt(connectedSchema, []).filter((name) => name in layer.values && !(name in written))
  if (option === undefined) return
  const problem = `${layer.nameOf([option])} cannot be set in a file, because its value is code. Pass it to Codemode.fromConfig, as below.`
  const code = asCall('Codemode.fromConfig', fieldsAt([option]), "'codemode.yaml', ")
  const module = option === 'tools' ? `# or in the file:\ntoolsModule: ./tools.js\n` : ''
  throw new ConfigurationError(problem, `${code}\n${module}`)
}

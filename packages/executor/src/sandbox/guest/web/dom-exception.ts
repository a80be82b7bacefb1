import type { Primordials } from '../primordials.ts'
import { textOf } from './convert.ts'
import { defineWebClass } from './define-web-class.ts'

/** Creates WebIDL's `DOMException`. `code` is 0 for names that never had a number. */
export function createDomException(p: Primordials) {
  class DOMException {
    readonly #name: string
    readonly #message: string

    constructor(message: unknown = '', options: unknown = 'Error') {
      this.#message = textOf(message)
      if (typeof options === 'object' && options !== null) {
        const { name = 'Error' } = options as { name?: unknown }
        this.#name = textOf(name)
        if ('cause' in options) {
          p.ReflectDefineProperty(this, 'cause', {
            // @ts-expect-error the prototype of a literal is not part of its type
            __proto__: null,
            value: options.cause,
            writable: true,
            configurable: true,
          })
        }
      } else this.#name = textOf(options)
      p.ErrorCaptureStackTrace(this, new.target)
    }

    get name(): string {
      return this.#name
    }
    get message(): string {
      return this.#message
    }
    get code(): number {
      return p.ReflectGetOwnPropertyDescriptor(legacyCodes, this.#name)?.value ?? 0
    }
  }
  p.ReflectSetPrototypeOf(DOMException.prototype, p.errorPrototype)
  defineWebClass(p, DOMException, 'DOMException')
  for (let index = 0; index < constantNames.length; index += 2) {
    const constant = {
      __proto__: null,
      value: legacyCodes[constantNames[index] as keyof typeof legacyCodes],
      enumerable: true,
    } as PropertyDescriptor
    p.ReflectDefineProperty(DOMException, constantNames[index + 1] as string, constant)
    p.ReflectDefineProperty(DOMException.prototype, constantNames[index + 1] as string, constant)
  }
  return DOMException
}

export type DomExceptionClass = ReturnType<typeof createDomException>

const legacyCodes = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
}

/** Constants that code compares `code` with, each after the name of the exception that has it. */
const constantNames = [
  'NotFoundError',
  'NOT_FOUND_ERR',
  'NotSupportedError',
  'NOT_SUPPORTED_ERR',
  'InvalidStateError',
  'INVALID_STATE_ERR',
  'SyntaxError',
  'SYNTAX_ERR',
  'NetworkError',
  'NETWORK_ERR',
  'AbortError',
  'ABORT_ERR',
  'QuotaExceededError',
  'QUOTA_EXCEEDED_ERR',
  'TimeoutError',
  'TIMEOUT_ERR',
  'DataCloneError',
  'DATA_CLONE_ERR',
]

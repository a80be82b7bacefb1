import { defineHidden } from '../define.ts'
import type { Primordials } from '../primordials.ts'
import { textOf } from './convert.ts'
import { defineWebClass } from './define-web-class.ts'

interface State {
  readonly name: string
  readonly message: string
}

/**
 * Creates WebIDL's `DOMException`, whose instances are errors of the language, and `stateOf`, which returns the name and
 * the message of such an instance, and undefined for any other value. `code` is 0 for names that never had a number.
 */
export function createDomException(p: Primordials) {
  const states = new p.WeakMap<object, State>()

  function stateOf(value: unknown): State | undefined {
    return typeof value === 'object' && value !== null ? p.weakMapGet(states, value) : undefined
  }

  function requiredStateOf(value: unknown): State {
    const state = stateOf(value)
    if (state === undefined) throw new p.TypeError('Value of "this" must be of type DOMException')
    return state
  }

  class DOMException {
    // A class that extends `Error` would inherit from it, and have its `message` as an own property.
    constructor(message: unknown = '', options: unknown = 'Error') {
      const text = textOf(message)
      const self = p.ReflectConstruct(p.Error, [text], new.target) as DOMException
      if (typeof options === 'object' && options !== null) {
        const { name = 'Error' } = options as { name?: unknown }
        p.weakMapSet(states, self, { name: textOf(name), message: text })
        if ('cause' in options) defineHidden(p, self, 'cause', options.cause)
      } else p.weakMapSet(states, self, { name: textOf(options), message: text })
      // The stack begins with the name and the message, so it is taken once these are known.
      p.ErrorCaptureStackTrace(self, new.target)
      // V8 takes the message of the stack from this property, which the getter replaces.
      p.ReflectDeleteProperty(self, 'message')
      return self
    }

    get name(): string {
      return requiredStateOf(this).name
    }
    get message(): string {
      return requiredStateOf(this).message
    }
    get code(): number {
      return p.ReflectGetOwnPropertyDescriptor(legacyCodes, requiredStateOf(this).name)?.value ?? 0
    }
  }
  p.ReflectSetPrototypeOf(DOMException.prototype, p.errorPrototype)
  defineWebClass(p, DOMException, 'DOMException')
  for (let index = 0; index < constantNames.length; index++) {
    const constant = { __proto__: null, value: index + 1, enumerable: true } as PropertyDescriptor
    p.ReflectDefineProperty(DOMException, constantNames[index]!, constant)
    p.ReflectDefineProperty(DOMException.prototype, constantNames[index]!, constant)
  }
  return { DOMException, stateOf }
}

export type DomExceptions = ReturnType<typeof createDomException>
export type DomExceptionClass = DomExceptions['DOMException']

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

/** Constants that code compares `code` with: the first one is 1, and each is one more than the one before. */
const constantNames = [
  'INDEX_SIZE_ERR',
  'DOMSTRING_SIZE_ERR',
  'HIERARCHY_REQUEST_ERR',
  'WRONG_DOCUMENT_ERR',
  'INVALID_CHARACTER_ERR',
  'NO_DATA_ALLOWED_ERR',
  'NO_MODIFICATION_ALLOWED_ERR',
  'NOT_FOUND_ERR',
  'NOT_SUPPORTED_ERR',
  'INUSE_ATTRIBUTE_ERR',
  'INVALID_STATE_ERR',
  'SYNTAX_ERR',
  'INVALID_MODIFICATION_ERR',
  'NAMESPACE_ERR',
  'INVALID_ACCESS_ERR',
  'VALIDATION_ERR',
  'TYPE_MISMATCH_ERR',
  'SECURITY_ERR',
  'NETWORK_ERR',
  'ABORT_ERR',
  'URL_MISMATCH_ERR',
  'QUOTA_EXCEEDED_ERR',
  'TIMEOUT_ERR',
  'INVALID_NODE_TYPE_ERR',
  'DATA_CLONE_ERR',
]

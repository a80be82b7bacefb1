/**
 * System call filter of a sandbox process: a classic BPF program (`man 2 seccomp`) that the kernel runs before each
 * call. It allows the calls that `allowedSyscalls` lists, on x86-64 and arm64. Any other call fails with ENOSYS, as if
 * the kernel were too old to have it, and a program for any other architecture is killed.
 */
import { allowedSyscalls } from './syscalls.ts'

const auditArch = { x64: 0xc000003e, arm64: 0xc00000b7 } as const
const allow = 0x7fff0000
const killProcess = 0x80000000
const failWithEnosys = 0x00050000 | 38
const failWithEperm = 0x00050000 | 1

/** Offsets of fields in `struct seccomp_data`. */
const offset = { number: 0, arch: 4, firstArgument: 16 } as const

/** Flag with which `clone` makes a thread; without it, `clone` makes a process. */
const cloneThread = 0x00010000

/** Option PR_SET_PDEATHSIG of `prctl`. */
const setParentDeathSignal = 1

interface Instruction {
  readonly code: number
  readonly value: number
  /** Number of instructions to skip when the comparison holds. */
  readonly whenTrue?: number
  /** Number of instructions to skip when the comparison does not hold. */
  readonly whenFalse?: number
}

const load = (value: number): Instruction => ({ code: 0x20, value })
const returnAction = (value: number): Instruction => ({ code: 0x06, value })
const unlessEqual = (value: number, skip: number): Instruction => ({ code: 0x15, value, whenFalse: skip })
const unlessAnyBit = (value: number, skip: number): Instruction => ({ code: 0x45, value, whenFalse: skip })

/**
 * Returns the filter as the kernel reads it: an array of `struct sock_filter` in little-endian byte order, which both
 * architectures have.
 */
export function seccompFilter(): Buffer {
  const program = [
    load(offset.arch),
    ...forArch(auditArch.x64, 1),
    ...forArch(auditArch.arm64, 2),
    returnAction(killProcess),
  ]
  const bytes = Buffer.alloc(program.length * 8)
  for (const [index, { code, value, whenTrue = 0, whenFalse = 0 }] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(whenTrue, index * 8 + 2)
    bytes.writeUInt8(whenFalse, index * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4)
  }
  return bytes
}

/**
 * Returns the rules for one architecture. The x32 numbers of x86-64 are in no list, so these calls fail like any other.
 */
function forArch(arch: number, column: 1 | 2): Instruction[] {
  const rules: Instruction[] = [load(offset.number)]
  for (const entry of allowedSyscalls) {
    const number = entry[column]
    if (number === undefined) continue
    if (entry[0] === 'clone') rules.push(unlessEqual(number, 4), ...onlyThreads)
    else if (entry[0] === 'prctl') rules.push(unlessEqual(number, 4), ...allButParentDeathSignal)
    else rules.push(unlessEqual(number, 1), returnAction(allow))
  }
  rules.push(returnAction(failWithEnosys))
  return [unlessEqual(arch, rules.length), ...rules]
}

/** Rules for `prctl`. They keep a process from undoing that it ends with its parent, which bubblewrap has set up. */
const allButParentDeathSignal = [
  load(offset.firstArgument),
  unlessEqual(setParentDeathSignal, 1),
  returnAction(failWithEperm),
  returnAction(allow),
] as const

const onlyThreads = [
  load(offset.firstArgument),
  unlessAnyBit(cloneThread, 1),
  returnAction(allow),
  returnAction(failWithEperm),
] as const

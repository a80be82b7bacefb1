import { describe, expect, test } from 'vitest'

import { seccompFilter } from './seccomp.ts'
import { allowedSyscalls } from './syscalls.ts'

const verdicts = new Map([
  [0x7fff0000, 'allowed'],
  [0x80000000, 'killed'],
  [0x00050000 | 38, 'ENOSYS'],
  [0x00050000 | 1, 'EPERM'],
])

interface Call {
  readonly arch: number
  readonly number: number
  readonly firstArgument?: number
}

/** Runs the filter as the kernel would, with the instructions of classic BPF that it uses. */
function verdictOn({ arch, number, firstArgument = 0 }: Call): string | undefined {
  const filter = seccompFilter()
  const data = new Map([
    [0, number],
    [4, arch],
    [16, firstArgument],
  ])
  let accumulator = 0
  for (let at = 0; at < filter.length; at += 8) {
    const [code, whenTrue, whenFalse, value] = [
      filter.readUInt16LE(at),
      filter.readUInt8(at + 2),
      filter.readUInt8(at + 3),
      filter.readUInt32LE(at + 4),
    ]
    if (code === 0x06) return verdicts.get(value)
    if (code === 0x20) accumulator = data.get(value)!
    if (code === 0x15) at += 8 * (accumulator === value ? whenTrue : whenFalse)
    if (code === 0x45) at += 8 * ((accumulator & value) !== 0 ? whenTrue : whenFalse)
  }
  return undefined
}

const x64 = { arch: 0xc000003e, column: 1 } as const
const arm64 = { arch: 0xc00000b7, column: 2 } as const
const cloneThread = 0x10000

describe.each([
  [
    'x86-64',
    x64,
    { socket: 41, connect: 42, fork: 57, ptrace: 101, kill: 62, unshare: 272, bpf: 321, io_uring: 425, memfd: 319 },
  ],
  [
    'arm64',
    arm64,
    { socket: 198, connect: 203, ptrace: 117, kill: 129, unshare: 97, bpf: 280, io_uring: 425, memfd: 279 },
  ],
] as const)('on %s', (_name, { arch, column }, refused) => {
  test('allows the listed system calls, and clone for threads only', () => {
    const refused = allowedSyscalls.filter((entry) => {
      const number = entry[column]
      return number !== undefined && verdictOn({ arch, number, firstArgument: cloneThread }) !== 'allowed'
    })
    expect(refused).toEqual([])
    const clone = allowedSyscalls.find(([name]) => name === 'clone')![column]!
    expect(verdictOn({ arch, number: clone })).toBe('EPERM')
    const prctl = allowedSyscalls.find(([name]) => name === 'prctl')![column]!
    expect(verdictOn({ arch, number: prctl, firstArgument: 1 })).toBe('EPERM')
  })

  test.each(Object.entries(refused))('denies %s', (_call, number) => {
    expect(verdictOn({ arch, number })).toBe('ENOSYS')
  })

  test('denies everything else', () => {
    const listed = new Set(allowedSyscalls.map((entry) => entry[column]))
    const others = Array.from({ length: 1_000 }, (_, number) => number).filter((number) => !listed.has(number))
    expect(others.filter((number) => verdictOn({ arch, number }) !== 'ENOSYS')).toEqual([])
  })
})

test('the filter has no x32 numbers of x86-64', () => {
  for (const [, number] of allowedSyscalls)
    expect(verdictOn({ arch: x64.arch, number: 0x40000000 + number })).toBe('ENOSYS')
})

test('the filter kills a program of another architecture', () => {
  expect(verdictOn({ arch: 0x40000003, number: 4 })).toBe('killed')
})

test('the filter lists each number once for each architecture', () => {
  for (const column of [1, 2] as const) {
    const numbers = allowedSyscalls.map((entry) => entry[column]).filter((number) => number !== undefined)
    expect(new Set(numbers).size).toBe(numbers.length)
  }
})

/** The packages that are published, each after those on which it depends. Their versions are the same. */
export const publishedPackages = [
  '@codemode/shared',
  '@codemode/client',
  '@codemode/console',
  '@codemode/executor',
] as const

/** Name of a package that is published. */
export type PublishedPackage = (typeof publishedPackages)[number]

/** Words that say nothing about a tool. */
const stopWords = new Set(
  (
    'a about all an and any are as at be by can did do does for from has have how i in into is it its let me my of on one or our ' +
    'please so some somebody someone somewhere that the their them there these they this those to up use used using want was we ' +
    'what when where which who whom will with you your tool tools'
  ).split(' '),
)

/** Verbs of people for the usual verbs of interfaces, each with the verbs that it may stand for. */
const verbs: Readonly<Record<string, readonly string[] | undefined>> = {
  append: ['add', 'create'],
  change: ['update', 'set'],
  check: ['check', 'get'],
  delete: ['remove'],
  display: ['get', 'list'],
  edit: ['update'],
  fetch: ['get', 'read', 'list'],
  find: ['search', 'list', 'get'],
  give: ['add', 'get'],
  look: ['get', 'search'],
  lookup: ['get', 'search'],
  make: ['create', 'add'],
  modify: ['update'],
  new: ['create', 'add'],
  open: ['create', 'open'],
  post: ['create', 'send'],
  publish: ['create'],
  put: ['add', 'set', 'update'],
  read: ['get'],
  remove: ['delete'],
  retrieve: ['get'],
  save: ['create', 'update', 'write'],
  see: ['get', 'list'],
  send: ['create', 'send'],
  share: ['create'],
  show: ['get', 'list'],
  submit: ['create', 'send'],
  take: ['remove', 'get'],
  view: ['get', 'list'],
  write: ['create', 'update'],
}

/** Short forms in names of interfaces, by the words that they stand for. */
const shortForms: Readonly<Record<string, string | undefined>> = {
  application: 'app',
  authentication: 'auth',
  configuration: 'config',
  database: 'db',
  directory: 'dir',
  document: 'doc',
  environment: 'env',
  image: 'img',
  information: 'info',
  message: 'msg',
  organisation: 'org',
  organization: 'org',
  parameter: 'param',
  reference: 'ref',
  repository: 'repo',
}

/** Returns the words of a text in lower case: identifiers are split at capital letters, digits and signs. */
export function wordsOf(text: string): string[] {
  return text
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

/** Returns the form of a word under which it is indexed, without the endings of English; null for words that say nothing. */
export function termOf(word: string): string | null {
  if (stopWords.has(word)) return null
  const term = stem(word)
  return shortForms[term] ?? term
}

/** Returns the words of a query that say something, and further ones that its verbs may stand for. */
export function queryTerms(query: string): { readonly own: readonly string[]; readonly further: readonly string[] } {
  const all = wordsOf(query)
  const own = all.filter((word) => termOf(word) !== null)
  const further = all.flatMap((word) => verbs[word] ?? verbs[stem(word)] ?? [])
  return { own, further: further.filter((word) => !own.includes(word)) }
}

function stem(word: string): string {
  if (word.length < 4) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.endsWith('sses') || /(?:x|ch|sh)es$/.test(word)) return word.slice(0, -2)
  if (word.endsWith('s') && !/(?:ss|us|is)$/.test(word)) return word.slice(0, -1)
  return word
}

/** Path of the console, and names of its files. */
interface PageOptions {
  readonly basePath: string
  readonly scriptName: string
  readonly styleName: string
}

/** Icon of the page: a play sign within braces. */
const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#4f46e5"/><path d="M12 9l11 7-11 7z" fill="#fff"/></svg>',
)}`

/** Returns the HTML page of the console. The same page serves every path: the script shows what the path names. */
export function renderPage({ basePath, scriptName, styleName }: PageOptions): string {
  const base = escapeAttribute(basePath)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="codemode-console-path" content="${base}">
<title>Codemode console</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${base}/${styleName}">
<script type="module" src="${base}/${scriptName}"></script>
</head>
<body><noscript>The Codemode console needs JavaScript.</noscript><div id="app"></div></body>
</html>
`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeAttribute = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character]!)

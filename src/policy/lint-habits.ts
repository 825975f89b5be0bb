import type { PolicyIssue } from './policy-issue.ts'
import { regexSource } from './regex.ts'
import type { WrittenPattern } from './written-pattern.ts'

/** What people write who take a pattern for one of another kind. `type` is the rule's pattern for the type. */
export function lintHabits({ path, subject, source }: WrittenPattern, type?: string): readonly PolicyIssue[] {
  const expression = regexSource(source)
  if (expression !== undefined) return subject === 'account' ? lintAnchors(path, source, expression) : []
  switch (subject) {
    case 'name':
      return [...lintStars(path, source), ...(isOther(type) ? [] : lintRepositoryName(path, source))]
    case 'tags':
      return lintTag(path, source)
    case 'clients':
      return lintClient(path, source)
    default:
      return []
  }
}

/** Whether a pattern for the type is the name of another type than `repository`. */
function isOther(type = 'repository'): boolean {
  return type !== 'repository' && /^\w+$/.test(type)
}

function lintAnchors(path: PolicyIssue['path'], source: string, expression: string): readonly PolicyIssue[] {
  // One without letters or digits, as /.+/, names nobody.
  if (isAnchored(expression) || !/[A-Za-z0-9]/.test(expression)) return []
  const message = `${JSON.stringify(source)} also matches names that only contain it`
  return [{ severity: 'warning', path, message, hint: `anchor it: ${anchored(expression)}` }]
}

/** Whether each alternative begins with `^` and ends with `$`; of one that is a group as a whole it is not asked. */
function isAnchored(expression: string): boolean {
  let outline = expression
    .replace(/^\(\?[a-zA-Z]+\)/, '')
    .replace(/\\[Az]/g, anchor => (anchor === '\\A' ? '^' : '$'))
  outline = outline.replace(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/gs, 'x')
  for (let before = ''; before !== outline; ) {
    before = outline
    outline = outline.replace(/\([^()]*\)/g, 'g')
  }
  return outline === 'g' || outline.split('|').every(part => /^\^.*\$$/s.test(part))
}

function anchored(expression: string): string {
  const inner = expression.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')
  return /\|/.test(inner) ? `/^(?:${inner})$/` : `/^${inner}$/`
}

function lintStars(path: PolicyIssue['path'], source: string): readonly PolicyIssue[] {
  if (!source.includes('**')) return []
  const message = `** is the same as *, which does not cross a slash`
  const regex = source.replace(/\*+/g, stars => (stars.length > 1 ? '.*' : '[^/]*')).replaceAll('/', '\\/')
  const isSimple = /^[\w*/-]*$/.test(source)
  const hint = isSimple
    ? `for every depth write /^${regex}$/`
    : 'for every depth write a /regular expression/'
  return [{ severity: 'warning', path, message, hint }]
}

/** Literal characters of a glob: placeholders, classes, wildcards and escapes taken out. */
function literals(source: string): string {
  return source.replace(/\$\{[^}]*\}|\[\^?[^\]]*\]|\\.|[*?]/g, '')
}

// docker_auth's names may begin with the registry's host and port, when the client says so.
const HOST = /^[^/]*:\d+\//

function lintRepositoryName(path: PolicyIssue['path'], source: string): readonly PolicyIssue[] {
  const never = (why: string, hint?: string): readonly PolicyIssue[] => {
    const message = `${JSON.stringify(source)} never matches a repository: ${why}`
    return [{ severity: 'warning', path, message, ...(hint !== undefined && { hint }) }]
  }
  const text = literals(source.replace(HOST, ''))
  if (/[A-Z]/.test(text))
    return never('names have no capital letters', `write ${JSON.stringify(source.toLowerCase())}`)
  if (/[{},]/.test(text))
    return never('braces are literal in a glob', 'write one rule for each, or a /regular expression/')
  if (text.includes(':')) return never('names hold no tag', 'put the tag under tags')
  if (/[^a-z0-9._/[\]\\-]/.test(text)) return never('no name holds such a character')
  if (/^\/|\/\/|\/$/.test(source))
    return never('names neither begin nor end with a slash, nor hold two in a row')
  return []
}

function lintTag(path: PolicyIssue['path'], source: string): readonly PolicyIssue[] {
  if (!/[^A-Za-z0-9._-]/.test(literals(source))) return []
  const message = `${JSON.stringify(source)} never matches a tag: no tag holds such a character`
  return [{ severity: 'warning', path, message, hint: 'tags are made of letters, digits and . _ -' }]
}

function lintClient(path: PolicyIssue['path'], source: string): readonly PolicyIssue[] {
  if (!source.endsWith('*')) return []
  const message = `${JSON.stringify(source)} matches no user agent with a further slash, which most have`
  const product = /^[\w-]+(?=\/\*$)/.exec(source)?.[0]
  const hint =
    product === undefined
      ? '* does not cross a slash; write a /regular expression/'
      : `write /^${product}\\//`
  return [{ severity: 'note', path, message, hint }]
}

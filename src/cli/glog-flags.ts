/** Flags of docker_auth's logger, which its compose files and its Helm chart pass. */
const SWITCHES = new Set(['logtostderr', 'alsologtostderr'])
const VALUED = new Set(['v', 'log_dir', 'stderrthreshold', 'vmodule', 'log_backtrace_at', 'logbufsecs'])

/** A command line without the logger flags that were in front of its file. */
export interface GlogFlags {
  readonly rest: readonly string[]
  /** As they were given. */
  readonly flags: readonly string[]
  /** `--v=2` or more: docker_auth then logs every decision. */
  readonly isVerbose: boolean
}

/**
 * Takes docker_auth's logger flags off the front of a command line, also after `serve`.
 * Spec: Go package flag, "Command line flag syntax": one dash or two, and a switch takes a value only after `=`.
 */
export function takeGlogFlags(args: readonly string[]): GlogFlags {
  if (args[0] === 'serve') {
    const taken = takeGlogFlags(args.slice(1))
    return { ...taken, rest: ['serve', ...taken.rest] }
  }
  const length = flagLength(args)
  if (length === 0) return { rest: args, flags: [], isVerbose: false }
  const flag = args.slice(0, length).join(' ')
  const others = takeGlogFlags(args.slice(length))
  return {
    rest: others.rest,
    flags: [flag, ...others.flags],
    isVerbose: others.isVerbose || /^--?v[= ]([2-9]|\d\d)/.test(flag),
  }
}

/** How many words the flag in front takes; 0 when there is none. */
function flagLength([word = '']: readonly string[]): number {
  const [, name = '', value] = /^--?(\w+)(=.*)?$/.exec(word) ?? []
  if (SWITCHES.has(name)) return 1
  if (!VALUED.has(name)) return 0
  return value === undefined ? 2 : 1
}

import { dirname, join } from 'node:path'

/** The checkout, and where its Node is, in case they are on file systems of their own. */
const VISIBLE = [join(import.meta.dirname, '../..'), dirname(process.execPath)]

/**
 * A command that runs `command` with the machine's file system as its own: what it writes is gone with it, and nobody
 * else sees it. `files` are copied in first, by their absolute path there; `scratch` is an empty directory.
 * Its files can be read below `/proc/PID/root`. Needs root.
 */
export function inOwnRoot(
  scratch: string,
  files: Readonly<Record<string, string>>,
  command: readonly string[],
): readonly string[] {
  const binds = ['/proc', '/dev', ...VISIBLE].map(
    dir => `mkdir -p root${quoted(dir)} && mount --rbind ${quoted(dir)} root${quoted(dir)}`,
  )
  const copies = Object.entries(files).map(
    ([to, from]) => `mkdir -p root${quoted(dirname(to))} && cp ${quoted(from)} root${quoted(to)}`,
  )
  const script = [
    // In memory, since an overlay cannot have its upper layer inside its lower one.
    `mount -t tmpfs tmpfs ${scratch} && cd ${scratch} && mkdir upper work root`,
    'mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root',
    ...binds,
    ...copies,
    'cat /etc/hosts >root/etc/hosts',
    'exec chroot root "$@"',
  ].join(' && ')
  return ['unshare', '--mount', '--', 'sh', '-c', script, 'sh', ...command]
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}

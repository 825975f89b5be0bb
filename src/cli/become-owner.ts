import { stat } from 'node:fs/promises'
import { getegid, getuid, setegid, seteuid } from 'node:process'
import { CertificateFileError } from '../tls/certificate-file-error.ts'

/**
 * Makes what is written from now on the server's, since files of the store are for their owner only: root becomes the
 * owner of the first of these directories that exists, until what this resolves to is called.
 * @throws CertificateFileError for anybody else who is not the owner.
 */
export async function becomeOwner(directories: readonly string[]): Promise<() => void> {
  const us = getuid?.()
  for (const directory of directories) {
    const owner = await ownerOf(directory)
    if (owner === undefined) continue
    if (owner.uid === us) break
    if (us === 0) return takeId(owner)
    const message = `belongs to uid ${owner.uid}, who could not read what uid ${us} writes; run this as uid ${owner.uid}`
    throw new CertificateFileError(directory, message)
  }
  return () => {}
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  return await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** The effective ids only, so that root can be root again. */
function takeId({ uid, gid }: Owner): () => void {
  const before = getegid?.() ?? 0
  setegid?.(gid)
  seteuid?.(uid)
  return () => {
    seteuid?.(0)
    setegid?.(before)
  }
}

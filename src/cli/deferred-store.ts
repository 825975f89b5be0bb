import type { CertificateStore } from '../tls/certificate-store.ts'

type Used = Pick<CertificateStore, 'read' | 'add' | 'accounts'>

/** A store that is opened when it is first used, so that what is imported is read before. */
export function deferredStore(open: () => Promise<Used>): Used {
  let opened: Promise<Used> | undefined
  const store = () => {
    opened ??= open()
    return opened
  }
  return {
    read: async name => (await store()).read(name),
    add: async (...args) => (await store()).add(...args),
    accounts: {
      read: async authority => (await store()).accounts.read(authority),
      write: async (...args) => (await store()).accounts.write(...args),
      exclusively: async (authority, work, signal) =>
        (await store()).accounts.exclusively(authority, work, signal),
    },
  }
}

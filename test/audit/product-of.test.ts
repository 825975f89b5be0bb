import t from 'tap'
import { productOf } from '../../src/audit/product-of.ts'

t.test('a client is named in a few words', async t => {
  const rows: readonly (readonly [product: string | undefined, userAgent: string])[] = [
    [
      'docker 27.3.1',
      'docker/27.3.1 go/go1.22.7 git-commit/41ca978 kernel/6.8.0-48-generic os/linux arch/amd64 containerd-client/1.7.22+unknown storage-driver/overlayfs UpstreamClient(Docker-Client/27.3.1 \\(linux\\))',
    ],
    [
      'docker 20.10.24+dfsg1',
      'docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0 os/linux arch/amd64 UpstreamClient(Docker-Client/20.10.24+dfsg1 \\(linux\\))',
    ],
    [
      'docker 28.2.2',
      'docker/28.2.2 go/go1.24.3 git-commit/45873be kernel/6.1.0 os/linux arch/amd64 UpstreamClient(compose/v2.36.2)',
    ],
    ['docker 27.3.1', 'Docker-Client/27.3.1 (linux)'],
    ['containerd 1.7.22', 'containerd/1.7.22'],
    ['containerd v2.0.0', 'containerd/v2.0.0'],
    ['containerd', 'containerd/unknown'],
    ['cri-o 1.29.1', 'cri-o/1.29.1 go/go1.21.7 os/linux arch/amd64'],
    ['skopeo 1.18.0', 'skopeo/1.18.0'],
    ['podman 5.4.0', 'libpod/5.4.0'],
    ['buildah 1.38.0', 'Buildah/1.38.0'],
    ['containers 5.34.0', 'containers/5.34.0 (github.com/containers/image)'],
    ['buildkit v0.17', 'buildkit/v0.17'],
    ['crane 0.20.2', 'crane/0.20.2 go-containerregistry/0.20.2'],
    ['go-containerregistry v0.20.2', 'go-containerregistry/v0.20.2'],
    ['cosign v2.4.1', 'cosign/v2.4.1 (linux; amd64) go-containerregistry/v0.20.2'],
    ['helm 3.16.2', 'Helm/3.16.2'],
    ['oras 1.2.0+Homebrew', 'oras/1.2.0+Homebrew'],
    ['oras-go', 'oras-go'],
    ['regctl v0.7.1', 'regclient/regctl (v0.7.1)'],
    ['kubelet v1.31.2', 'kubelet/v1.31.2 (linux/amd64) kubernetes/5864a46'],
    ['harbor-registry-client', 'harbor-registry-client'],
    ['curl 8.5.0', 'curl/8.5.0'],
    ['Go-http-client 2.0', 'Go-http-client/2.0'],
    ['browser', 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0'],
    ['mytool', 'mytool'],
    [undefined, ''],
    [undefined, ' docker/1'],
    [undefined, '(none)'],
  ]
  for (const [product, userAgent] of rows) {
    t.equal(productOf(userAgent), product, userAgent)
    t.equal(productOf(userAgent), product, `${userAgent}, again`)
  }
})

t.test('whatever a client calls itself, 64 characters are kept', async t => {
  t.equal(productOf('x'.repeat(10_000)), 'x'.repeat(64))
  t.equal(productOf(`a/${'1'.repeat(10_000)}`), `a ${'1'.repeat(62)}`)
  t.equal(productOf(`${'/'.repeat(10_000)}`), undefined)
})

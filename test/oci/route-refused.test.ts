import t from 'tap'
import { OciError } from '../../src/model/errors.ts'
import { parseRegistryRequest } from '../../src/oci/route.ts'

const HEX = '0123456789abcdef'.repeat(4)
const D = `sha256:${HEX}`
const LONG_NAME = 'a'.repeat(255)
const LONG_TAG = `_${'.'.repeat(127)}`

const refused: readonly (readonly [string, string, number, string, string])[] = [
  // [method, target, status, code, why]
  ['GET', '/v2/a%2Fb/manifests/x', 400, 'NAME_INVALID', 'the registry routes an encoded slash as a slash'],
  ['GET', '/v2/a%2fb/manifests/x', 400, 'NAME_INVALID', 'the same in lower case'],
  ['GET', '/v2/%5fcatalog', 400, 'NAME_INVALID', 'the registry would list the catalog'],
  ['GET', '/v2/%61/manifests/x', 400, 'NAME_INVALID', 'a second spelling of a letter'],
  ['GET', '/v2/a/manifests/%78', 400, 'NAME_INVALID', 'a second spelling of a tag'],
  ['GET', '/v2/a%252Fb/manifests/x', 400, 'NAME_INVALID', 'double encoding, for who decodes twice'],
  ['GET', `/v2/a/manifests/sha256%253A${HEX}`, 400, 'NAME_INVALID', 'a colon encoded twice'],
  ['GET', `/v2/a/manifests/sha256%%3A3A${HEX}`, 400, 'NAME_INVALID', 'decoding must not make a new escape'],
  ['GET', '/v2/a/manifests/x%', 400, 'NAME_INVALID', 'half an escape'],
  ['GET', '/v2/a/manifests/x%00', 400, 'NAME_INVALID', 'NUL, encoded'],
  ['GET', '/v2/a/manifests/x%0d%0aEvil:%201', 400, 'NAME_INVALID', 'a header of its own, encoded'],
  ['GET', '/v2/a/manifests/x\u0000', 400, 'NAME_INVALID', 'NUL'],
  ['GET', '/v2/a/manifests/x\t', 400, 'NAME_INVALID', 'tab'],
  ['GET', '/v2/a/manifests/x ', 400, 'NAME_INVALID', 'space'],
  ['GET', '/v2/a/manifests/x\r\nEvil: 1', 400, 'NAME_INVALID', 'a header of its own'],
  [
    'GET',
    '/v2/a/manifests/x\n',
    400,
    'NAME_INVALID',
    'a closing line feed, which some regular expressions miss',
  ],
  ['GET', '/v2/\u00e4/manifests/x', 400, 'NAME_INVALID', 'not ASCII'],
  ['GET', '/v2/\uff41/manifests/x', 400, 'NAME_INVALID', 'a full-width letter, for who normalises'],
  ['GET', '/v2/a/../b/manifests/x', 400, 'NAME_INVALID', 'the registry redirects to b'],
  ['GET', '/v2/a/%2e%2e/b/manifests/x', 400, 'NAME_INVALID', 'the same, encoded'],
  ['GET', '/v2/a/.%2e/b/manifests/x', 400, 'NAME_INVALID', 'the same, half encoded'],
  ['GET', '/v2/../metrics', 400, 'NAME_INVALID', 'out of the API'],
  ['GET', '/v2/..', 400, 'NAME_INVALID', 'out of the API'],
  ['GET', '/v2/.', 400, 'NAME_INVALID', 'the ping in another spelling'],
  ['GET', '/v2/./_catalog', 400, 'NAME_INVALID', 'the catalog in another spelling'],
  ['GET', '/v2/a/../_catalog', 400, 'NAME_INVALID', 'the catalog in another spelling'],
  ['GET', '/v2//_catalog', 400, 'NAME_INVALID', 'the catalog in another spelling'],
  ['GET', '/v2//', 400, 'NAME_INVALID', 'the ping in another spelling'],
  ['GET', '/v2/a//b/manifests/x', 400, 'NAME_INVALID', 'the registry redirects to a/b'],
  ['GET', '//v2/a/manifests/x', 400, 'NAME_INVALID', 'a URL parser takes v2 for a host'],
  ['GET', '/v2/a/manifests/..', 400, 'NAME_INVALID', 'a dot segment as a tag'],
  ['DELETE', '/v2/a/blobs/uploads/..', 400, 'NAME_INVALID', 'a dot segment as a session'],
  ['GET', '/v2/a/blobs/uploads/.', 400, 'NAME_INVALID', 'a dot segment as a session'],
  ['GET', '/v2/a\\b/manifests/x', 400, 'NAME_INVALID', 'a URL parser turns a backslash into a slash'],
  ['GET', '/v2/a/..\\b/manifests/x', 400, 'NAME_INVALID', 'the same with dots'],
  ['GET', '/v2/a;v=1/manifests/x', 400, 'NAME_INVALID', 'path parameters, for who strips them'],
  ['GET', '/v2/a/manifests/x;y', 400, 'NAME_INVALID', 'path parameters, for who strips them'],
  ['GET', '/v2/a/manifests/x#y', 400, 'NAME_INVALID', 'a fragment, for who strips it'],
  ['GET', '/v2/_catalog?n=1;n=2', 400, 'NAME_INVALID', 'the other separator of parameters'],
  ['GET', '/v2/a/manifests/"x"', 400, 'NAME_INVALID', 'not a character of a URL'],
  ['GET', 'http://r.example/v2/a/manifests/x', 400, 'NAME_INVALID', 'absolute form'],
  ['GET', 'https://r.example/v2/', 400, 'NAME_INVALID', 'absolute form'],
  ['GET', '*', 400, 'NAME_INVALID', 'asterisk form'],
  ['CONNECT', 'r.example:443', 400, 'NAME_INVALID', 'authority form'],
  ['GET', '', 400, 'NAME_INVALID', 'nothing'],
  ['GET', 'v2/', 400, 'NAME_INVALID', 'no leading slash'],
  ['GET', '?/v2/', 400, 'NAME_INVALID', 'no path'],
  ['GET', '/V2/', 404, 'NOT_FOUND', 'case matters'],
  ['GET', '/V2/a/manifests/x', 404, 'NOT_FOUND', 'case matters'],
  ['GET', '/v2', 404, 'NOT_FOUND', 'the base without its slash is redirected before'],
  ['GET', '/v2x', 404, 'NOT_FOUND', 'another path'],
  ['GET', '/v1/_ping', 404, 'NOT_FOUND', 'not of this API'],
  ['GET', '/', 404, 'NOT_FOUND', 'the health page of the registry'],
  ['GET', '/metrics', 404, 'NOT_FOUND', 'not of this API'],
  ['GET', '/debug/vars', 404, 'NOT_FOUND', 'not of this API'],
  ['GET', '/v2:', 404, 'NOT_FOUND', 'another path'],
  ['GET', '/v2%3A/', 404, 'NOT_FOUND', 'another path'],
  ['GET', '/v2/_catalog/', 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', '/v2/_Catalog', 404, 'NOT_FOUND', 'case matters'],
  ['GET', '/v2/a/tags/list/', 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', '/v2/a/tags', 404, 'NOT_FOUND', 'no such endpoint'],
  ['GET', '/v2/a/tags/lists', 404, 'NOT_FOUND', 'no such endpoint'],
  ['GET', '/v2/a/manifests', 404, 'NOT_FOUND', 'no reference'],
  ['GET', '/v2/a/manifests/', 404, 'NOT_FOUND', 'no reference'],
  ['GET', '/v2/a/manifests/x/', 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', '/v2/manifests/x', 404, 'NOT_FOUND', 'no name'],
  ['GET', '/v2/tags/list', 404, 'NOT_FOUND', 'no name'],
  ['GET', `/v2/blobs/${D}`, 404, 'NOT_FOUND', 'no name'],
  ['POST', '/v2/blobs/uploads/', 404, 'NOT_FOUND', 'no name'],
  ['GET', '/v2/blobs/uploads/u', 404, 'NOT_FOUND', 'no name'],
  ['POST', '/v2/uploads/', 404, 'NOT_FOUND', 'no name'],
  ['POST', '/v2/a/uploads/', 404, 'NOT_FOUND', 'no such endpoint'],
  ['POST', '/v2/a/blobs/uploads', 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', `/v2/a/blobs/${D}/`, 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', '/v2/a/blobs/uploads/u/', 404, 'NOT_FOUND', 'the registry redirects'],
  ['GET', '/v2/_oci/ext/discover', 404, 'NOT_FOUND', 'extensions are closed'],
  ['GET', '/v2/a/_oci/ext/discover', 404, 'NOT_FOUND', 'extensions are closed'],
  ['GET', '/v2/a', 404, 'NOT_FOUND', 'no such endpoint'],
  ['GET', '/v2/A/manifests/x', 400, 'NAME_INVALID', 'the registry takes it for a host part'],
  ['GET', '/v2/A/b/tags/list', 400, 'NAME_INVALID', 'the registry takes it for a host part'],
  ['GET', '/v2/r.example:5000/a/tags/list', 400, 'NAME_INVALID', 'the registry takes a host part'],
  ['GET', '/v2/r.example%3A5000/a/tags/list', 400, 'NAME_INVALID', 'the same, encoded'],
  ['GET', '/v2/_catalog/tags/list', 400, 'NAME_INVALID', 'a name begins with a letter or a digit'],
  ['GET', '/v2/a-/manifests/x', 400, 'NAME_INVALID', 'a separator at the end'],
  ['GET', '/v2/a..b/manifests/x', 400, 'NAME_INVALID', 'dots inside a part'],
  ['GET', '/v2/a+b/manifests/x', 400, 'NAME_INVALID', 'a plus is no space here'],
  ['GET', `/v2/${LONG_NAME}a/manifests/x`, 400, 'NAME_INVALID', 'a name of 256 characters'],
  ['GET', `/v2/${'a/'.repeat(4000)}`, 404, 'NOT_FOUND', 'many short segments'],
  ['GET', `/v2/a?${'x'.repeat(8192)}`, 414, 'NAME_INVALID', 'too long'],
  [
    'GET',
    '/v2/a/manifests/sha256:abc',
    400,
    'DIGEST_INVALID',
    'the registry would use it as a tag with a colon',
  ],
  ['PUT', '/v2/a/manifests/sha256:totallywrong', 400, 'DIGEST_INVALID', 'the conformance suite asks for it'],
  ['GET', '/v2/a/manifests/x:y', 400, 'DIGEST_INVALID', 'no tag has a colon'],
  ['GET', `/v2/a/manifests/sha256:${HEX.toUpperCase()}`, 400, 'DIGEST_INVALID', 'a second spelling'],
  ['GET', `/v2/a/manifests/sha384:${HEX}`, 400, 'DIGEST_INVALID', 'not a registered algorithm'],
  ['GET', `/v2/a/manifests/${D}0`, 400, 'DIGEST_INVALID', 'one digit too many'],
  ['GET', '/v2/a/blobs/xyz', 400, 'DIGEST_INVALID', 'not a digest'],
  ['GET', `/v2/a/blobs/sha512:${HEX}`, 400, 'DIGEST_INVALID', 'too short for its algorithm'],
  ['GET', '/v2/a/referrers/x', 400, 'DIGEST_INVALID', 'not a digest'],
  ['PUT', '/v2/a/manifests/.x', 400, 'TAG_INVALID', 'no tag begins with a dot'],
  ['PUT', `/v2/a/manifests/${LONG_TAG}a`, 400, 'TAG_INVALID', 'a tag of 129 characters'],
  ['PUT', '/v2/a/manifests/a~b', 400, 'TAG_INVALID', 'a character that no tag has'],
  ['GET', '/v2/a/manifests/.INVALID_MANIFEST_NAME', 404, 'TAG_INVALID', 'the conformance suite asks for 404'],
  [
    'HEAD',
    '/v2/a/manifests/.INVALID_MANIFEST_NAME',
    404,
    'TAG_INVALID',
    'the conformance suite asks for 404',
  ],
  ['DELETE', `/v2/a/manifests/${LONG_TAG}a`, 404, 'TAG_INVALID', 'what cannot exist is not found'],
  ['GET', '/v2/a/blobs/uploads/u~', 404, 'BLOB_UPLOAD_INVALID', 'a character that no session has'],
  ['GET', `/v2/a/blobs/uploads/${D}`, 404, 'BLOB_UPLOAD_INVALID', 'a digest is no session'],
  ['GET', `/v2/a/blobs/uploads/${'u'.repeat(257)}`, 404, 'BLOB_UPLOAD_INVALID', 'too long'],
  ['PUT', '/v2/a/blobs/uploads/u?digest=sha256:abc', 400, 'DIGEST_INVALID', 'not a digest'],
  [
    'PUT',
    '/v2/a/blobs/uploads/u',
    400,
    'DIGEST_INVALID',
    'a commit names its digest in the query, not the body',
  ],
  ['PUT', '/v2/a/blobs/uploads/u?digest=', 400, 'DIGEST_INVALID', 'an empty value is none'],
  ['POST', '/v2/a/blobs/uploads/?digest=abc', 400, 'DIGEST_INVALID', 'not a digest'],
  ['POST', '/v2/a/blobs/uploads/?digest-algorithm=SHA', 400, 'DIGEST_INVALID', 'not an algorithm'],
  [
    'POST',
    `/v2/a/blobs/uploads/?mount=${D}&from=a&from=b`,
    400,
    'UNSUPPORTED',
    'readers differ in which one counts',
  ],
  ['POST', `/v2/a/blobs/uploads/?mount=${D}&from=a&%66rom=b`, 400, 'UNSUPPORTED', 'the same, encoded'],
  [
    'POST',
    `/v2/a/blobs/uploads/?mount=${D}&from=&from=b`,
    400,
    'UNSUPPORTED',
    'the same, the first one empty',
  ],
  ['PUT', `/v2/a/blobs/uploads/u?digest=${D}&digest=${D}`, 400, 'UNSUPPORTED', 'twice, even if equal'],
  ['GET', '/v2/_catalog?n=1&n=2', 400, 'UNSUPPORTED', 'twice'],
  ['GET', '/v2/?%zz', 400, 'UNSUPPORTED', 'malformed, even where it would be dropped'],
  ['GET', '/v2/a/manifests/x?%zz=1', 400, 'UNSUPPORTED', 'malformed, even where it would be dropped'],
  ['GET', `/v2/a/blobs/${D}?a=%`, 400, 'UNSUPPORTED', 'malformed, even where it would be dropped'],
  ['POST', '/v2/a/blobs/uploads/?from=%zz', 400, 'UNSUPPORTED', 'malformed'],
  ['GET', '/v2/_catalog?last=%ff', 400, 'UNSUPPORTED', 'not UTF-8'],
  ['GET', '/v2/_catalog?last=%c0%af', 400, 'UNSUPPORTED', 'an overlong slash'],
  ['GET', '/v2/_catalog?last=%00', 400, 'UNSUPPORTED', 'NUL'],
  ['GET', '/v2/_catalog?last=a%0d%0ab', 400, 'UNSUPPORTED', 'a header of its own'],
  ['GET', '/v2/_catalog?last=%c3%a4', 400, 'UNSUPPORTED', 'not ASCII'],
  ['GET', '/v2/_catalog?n=abc', 400, 'PAGINATION_NUMBER_INVALID', 'as distribution 3 answers'],
  ['GET', '/v2/_catalog?n=+5', 400, 'PAGINATION_NUMBER_INVALID', 'a space'],
  ['GET', '/v2/_catalog?n=%2B5', 400, 'PAGINATION_NUMBER_INVALID', 'a second spelling'],
  ['GET', '/v2/_catalog?n=1e3', 400, 'PAGINATION_NUMBER_INVALID', 'a second spelling'],
  ['GET', '/v2/a/tags/list?n=1.5', 400, 'PAGINATION_NUMBER_INVALID', 'not a whole number'],
  ['GET', '/v2/a/tags/list?n=9999999999999999999', 400, 'PAGINATION_NUMBER_INVALID', 'more than an int64'],
]

t.test('refuses every other spelling', async t => {
  for (const [method, target, status, code, why] of refused) {
    const error = failure(method, target)
    const label = `${method} ${JSON.stringify(target.slice(0, 60))}: ${why}`
    t.strictSame([error?.status, error?.oci], [status, code], label)
    t.match(error?.message ?? '', /^[ -~]{1,200}$/, `one short ASCII sentence: ${label}`)
  }
})

t.test('reads hostile names of the greatest length without backtracking', async t => {
  for (const unit of ['a', 'a-', 'a--', 'a__', 'a_', 'a.', '-', '_', 'a/', 'a/-']) {
    const name = `${unit.repeat(2000)}!`
    t.equal(failure('GET', `/v2/${name}/manifests/x`)?.status, 400, `${unit} repeated`)
  }
})

function failure(method: string, target: string): OciError | undefined {
  try {
    parseRegistryRequest(method, target)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
  return undefined
}

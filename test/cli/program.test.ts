import t from 'tap'
import { configFile } from '../../src/cli/default-config.ts'
import { takeGlogFlags } from '../../src/cli/glog-flags.ts'
import { runCli } from './fake-terminal.ts'

const HELP = `Usage: landwaiter [command] [options]

The door of a private container registry.

Options:
  -V, --version                  print the version
  -h, --help                     print this help

Commands:
  serve [file]                   serve the registry (also without a command)
  check                          find faults in the configuration and its files
  can-i <action> <name[:tag]>    say whether something is allowed, and why
  who-can <action> <name[:tag]>  list the users who may do something
  policy                         work on the rules
  hash-password                  make the bcrypt hash of a password
  ca                             print the root certificate and how to trust it
  cert                           see to the certificates
  audit                          read the audit log
  healthcheck                    ask the running server whether it is ready
  reload                         take over a changed configuration
  version                        print the version, and that of Node
  help [command]                 print the help of a command

The configuration file is the one of -c, else LANDWAITER_CONFIG, else
/etc/landwaiter/config.yml.
Exit codes: 0 ok or yes, 1 failed or no, 2 wrong usage, 3 faulty configuration.
`

const CAN_I_HELP = `Usage: landwaiter can-i|explain [options] <action> <name[:tag]>

say whether something is allowed, and why

Arguments:
  action                pull, push, delete or *; several with commas
  name[:tag]            repository

Options:
  -c, --config <file>   configuration file
  --ip <address>        address of the client
  --type <type>         type of the resource (default: "repository")
  --service <name>      service of the token (default: token.service)
  --as <user>           who asks (default: somebody without a login)
  --label <name=value>  label in place of the user's own; may be repeated
  -h, --help            print this help

Examples:
  landwaiter can-i push team/app:1.0 --as developer
  landwaiter can-i pull,push team/app --as new-user --label team=backend
  landwaiter can-i '*' catalog --type registry --as admin
`

t.test('help fits a terminal of eighty columns and goes to standard output', async t => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    t.strictSame(await runCli(args), { code: 0, out: HELP, err: '' }, args.join())
  }
  for (const args of [
    ['can-i', '--help'],
    ['help', 'can-i'],
  ]) {
    t.strictSame(await runCli(args), { code: 0, out: CAN_I_HELP, err: '' })
  }
  const commands = [...HELP.matchAll(/^ {2}(?!help)([a-z-]+) /gm)].map(([, name = '']) => name)
  t.equal(commands.length, 12)
  const certificates = ['status', 'renew', 'revoke', 'import', 'export'].map(verb => `cert ${verb}`)
  const audit = ['tail', 'query', 'stats', 'export', 'verify'].map(verb => `audit ${verb}`)
  for (const command of [...commands, ...certificates, ...audit]) {
    const { code, out } = await runCli([...command.split(' '), '--help'])
    t.equal(code, 0)
    t.notOk(/.{81}/.test(out), `help ${command}`)
  }
})

t.test('the version is that of the package', async t => {
  t.strictSame(await runCli(['--version']), { code: 0, out: '1.2.3\n', err: '' })
  t.strictSame(await runCli(['-V']), { code: 0, out: '1.2.3\n', err: '' })
  const out = `landwaiter 1.2.3 (node ${process.version})\n`
  t.strictSame(await runCli(['version']), { code: 0, out, err: '' })
})

t.test('wrong usage is one line and exit code 2', async t => {
  const cases = [
    { line: 'chekc', err: 'unknown command "chekc" (did you mean "check"?)' },
    { line: 'Serve', err: 'unknown command "Serve" (did you mean "serve"?)' },
    { line: 'frobnicate --now', err: 'unknown command "frobnicate"' },
    { line: 'help chekc', err: 'unknown command "chekc" (did you mean "check"?)' },
    { line: 'can-i', err: "missing required argument 'action'" },
    { line: 'can-i pull', err: "missing required argument 'name[:tag]'" },
    {
      line: 'can-i pull x y',
      err: "too many arguments for 'can-i'. Expected 2 arguments but got 3: pull, x, y",
    },
    {
      line: 'can-i pull x --label team',
      err: "option '--label <name=value>' argument 'team' is invalid. It takes name=value",
    },
    {
      line: 'can-i pull x --ip 1.2.3',
      err: "option '--ip <address>' argument '1.2.3' is invalid. It takes an IPv4 or IPv6 address",
    },
    {
      line: 'hash-password --cost 99',
      err: "option '--cost <n>' argument '99' is invalid. It takes a whole number from 4 to 20",
    },
    {
      line: 'hash-password secret',
      err: "too many arguments for 'hash-password'. Expected 0 arguments but got 1: secret",
    },
    { line: 'check --confg x', err: "unknown option '--confg' (Did you mean --config?)" },
    { line: 'check -c', err: "option '-c, --config <file>' argument missing" },
    { line: 'version now', err: "too many arguments for 'version'. Expected 0 arguments but got 1: now" },
    { line: 'serve -c a.yml b.yml', err: 'two configuration files are given, a.yml and b.yml' },
    { line: '-c a.yml check', err: 'two configuration files are given, a.yml and check' },
    {
      line: '--v=2 check extra',
      err: "too many arguments for 'check'. Expected 0 arguments but got 1: extra",
    },
  ]
  for (const { line, err } of cases) {
    t.strictSame(
      await runCli(line.split(' ')),
      { code: 2, out: '', err: `error: ${err}; see landwaiter --help\n` },
      line,
    )
  }
})

t.test("docker_auth's logger flags are taken off the front", async t => {
  const cases = [
    { line: '/a.yml', rest: '/a.yml', flags: [] },
    {
      line: '--v=2 --alsologtostderr /a.yml',
      rest: '/a.yml',
      flags: ['--v=2', '--alsologtostderr'],
      isVerbose: true,
    },
    { line: '-v 1 -logtostderr=true a.yml', rest: 'a.yml', flags: ['-v 1', '-logtostderr=true'] },
    { line: '-v=10 a.yml', rest: 'a.yml', flags: ['-v=10'], isVerbose: true },
    {
      line: '--v 3 --log_dir /tmp a.yml',
      rest: 'a.yml',
      flags: ['--v 3', '--log_dir /tmp'],
      isVerbose: true,
    },
    {
      line: '--stderrthreshold=INFO --logbufsecs 3 --vmodule=a=2 --log_backtrace_at=x.go:1 a.yml',
      rest: 'a.yml',
      flags: ['--stderrthreshold=INFO', '--logbufsecs 3', '--vmodule=a=2', '--log_backtrace_at=x.go:1'],
    },
    { line: 'serve --v=2 -c a.yml', rest: 'serve -c a.yml', flags: ['--v=2'], isVerbose: true },
    { line: '--v', rest: '', flags: ['--v'] },
    { line: 'a.yml --v=2', rest: 'a.yml --v=2', flags: [], why: 'as in Go, flags end at the first word' },
    { line: '--verbose a.yml', rest: '--verbose a.yml', flags: [], why: 'not one of them' },
    { line: '-V', rest: '-V', flags: [], why: 'ours' },
    { line: 'check -c --v=2', rest: 'check -c --v=2', flags: [], why: 'docker_auth has no commands' },
  ]
  for (const { line, rest, flags, isVerbose = false, why } of cases) {
    const taken = takeGlogFlags(line.split(' '))
    t.strictSame({ ...taken, rest: taken.rest.join(' ') }, { rest, flags, isVerbose }, why ?? line)
  }
})

t.test('the configuration is the file given, else that of the environment, else the default', async t => {
  const cases = [
    { given: 'a.yml', env: { LANDWAITER_CONFIG: 'b.yml' }, file: 'a.yml' },
    { given: undefined, env: { LANDWAITER_CONFIG: 'b.yml' }, file: 'b.yml' },
    { given: undefined, env: { LANDWAITER_CONFIG: '' }, file: '/etc/landwaiter/config.yml' },
    { given: undefined, env: {}, file: '/etc/landwaiter/config.yml' },
  ]
  for (const { given, env, file } of cases) t.equal(configFile(given, { env }), file)
})

t.test('a missing configuration is named, and at the default place also what to do', async t => {
  const missing = 'error: cannot read the configuration: no such file'
  for (const args of [['check'], ['can-i', 'pull', 'x'], ['ca'], ['serve'], []]) {
    const { code, err } = await runCli([...args, '-c', '/nonexistent/a.yml'])
    t.strictSame({ code, err }, { code: 3, err: `/nonexistent/a.yml: ${missing}\n` }, args.join())
  }
  const { code, err } = await runCli(['serve', '/nonexistent/b.yml'], { env: { LANDWAITER_CONFIG: 'c.yml' } })
  t.strictSame({ code, err }, { code: 3, err: `/nonexistent/b.yml: ${missing}\n` }, 'a word is the file')
  const bare = await runCli([])
  t.equal(bare.code, 3)
  t.match(
    bare.err,
    /^\/etc\/landwaiter\/config\.yml: error: cannot read the configuration: no such file; name another with -c FILE or LANDWAITER_CONFIG; .*\n$/,
  )
})

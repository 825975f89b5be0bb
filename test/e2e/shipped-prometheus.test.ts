import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { request } from 'undici'
import { parse } from 'yaml'
import { findPrepared } from '../support/find-prepared.ts'
import { startLandwaiter } from '../support/landwaiter.ts'
import { runCommand } from '../support/run-command.ts'
import { shippedPath } from '../support/shipped-file.ts'

const PROMTOOL = findPrepared('promtool', 'prometheus')
const RULES = shippedPath('prometheus/landwaiter.rules.yml')
const DASHBOARD = shippedPath('grafana/landwaiter.json')
const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
const TESTS = join(import.meta.dirname, '../fixtures/prometheus/landwaiter.rules.test.yml')

t.test('promtool takes the alerts, and each fires when it must and not otherwise', async t => {
  const checked = await runCommand(PROMTOOL, ['check', 'rules', '--lint-fatal', RULES])
  t.equal(checked.code, 0, checked.stdout + checked.stderr)
  const tested = await runCommand(PROMTOOL, ['test', 'rules', TESTS])
  t.equal(tested.code, 0, tested.stdout + tested.stderr)
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  t.ok(alerts.length > 8)
  const tests = readFileSync(TESTS, 'utf8')
  for (const name of alerts) t.ok(tests.includes(name), `${name} is tested`)
  const told = [...README.matchAll(/^\| `(Landwaiter\w+)` \|/gm)].map(([, name = '']) => name)
  t.strictSame(told, alerts, 'the README tells what to do about each')
})

t.test('alerts and dashboard ask only for metrics that there are', async t => {
  const landwaiter = await startLandwaiter(t)
  const exposed = await (await request(`${landwaiter.adminUrl}/metrics`)).body.text()
  const types = new Map([...exposed.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]))
  for (const [file, expressions] of [
    ['rules', expressionsOfRules()],
    ['dashboard', expressionsOfDashboard()],
  ] as const) {
    const names = new Set(
      expressions.flatMap(text => text.match(/\b(?:landwaiter|process|nodejs)_\w+/g) ?? []),
    )
    t.ok(names.size > 5, `the ${file} ask for ${names.size} metrics`)
    for (const name of names) {
      const base = name.replace(/_(?:bucket|sum|count)$/, '')
      t.ok(types.has(name) || types.get(base) === 'histogram', `${file}: ${name}`)
    }
  }
})

t.test('the dashboard is one that Grafana imports', async t => {
  const { panels, templating, schemaVersion, uid } = dashboard()
  t.match({ schemaVersion, uid }, { schemaVersion: Number, uid: 'landwaiter' })
  const ids = panels.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'every panel has a number of its own')
  const variables = templating.list.map(({ name }) => name)
  const used = JSON.stringify(panels).match(/\$\{?(\w+)/g) ?? []
  for (const variable of new Set(used.map(text => text.replace(/\W/g, '')))) {
    t.ok(variable.startsWith('__') || variables.includes(variable), variable)
  }
  for (const { id, gridPos } of panels) t.ok(gridPos.x + gridPos.w <= 24, `panel ${id} is on the grid`)
})

interface Dashboard {
  readonly uid: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string }[] }
  readonly panels: readonly {
    readonly id: number
    readonly gridPos: { readonly x: number; readonly w: number }
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

function dashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD, 'utf8'))
}

function expressionsOfDashboard(): readonly string[] {
  return dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
}

function expressionsOfRules(): readonly string[] {
  const document: { readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[] } =
    parse(readFileSync(RULES, 'utf8'))
  return document.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr))
}

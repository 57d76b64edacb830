// npm run bench -- --suite NAME [--quick]: measures, prints, and writes bench/RESULTS.md. With --quick it writes nothing.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { conditionsOf, sectionOf, writeSection } from './support/results.ts'
import type { Scale, Suite } from './support/suite.ts'

const suites = readdirSync(join(import.meta.dirname, 'suites'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))

const { values } = parseArgs({
  options: { suite: { type: 'string', multiple: true, default: [] }, quick: { type: 'boolean', default: false } }
})
const chosen = values.suite.includes('all') ? suites : values.suite
if (chosen.length === 0 || chosen.some((name) => !suites.includes(name))) {
  console.error(`--suite NAME, one or more of: all, ${suites.join(', ')}`)
  process.exit(2)
}
// The peers are no dependencies of the product, and come only where something is measured.
if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  const { status } = spawnSync('npm', ['ci', '--prefix', import.meta.dirname], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

const scale: Scale = values.quick ? 'quick' : 'full'
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
for (const name of chosen) {
  const conditions = conditionsOf(`npm run bench -- --suite ${name}${values.quick ? ' --quick' : ''}`, manifest.version)
  const { default: suite } = (await import(`./suites/${name}.ts`)) as { readonly default: Suite }
  const section = sectionOf(name, suite, await suite.run(scale), conditions)
  console.log(section)
  if (scale === 'full') writeSection(name, section)
}

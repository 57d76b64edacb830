// npm run bench -- --suite NAME [--quick]: measures, prints, and writes bench/RESULTS.md. With --quick it writes nothing.
import { readdirSync, readFileSync } from 'node:fs'
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
const unknown = values.suite.filter((name) => !suites.includes(name))
if (values.suite.length === 0 || unknown.length > 0) {
  console.error(`--suite NAME, one or more of: ${suites.join(', ')}`)
  process.exit(2)
}

const scale: Scale = values.quick ? 'quick' : 'full'
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
for (const name of values.suite) {
  const conditions = conditionsOf(`npm run bench -- --suite ${name}${values.quick ? ' --quick' : ''}`, manifest.version)
  const { default: suite } = (await import(`./suites/${name}.ts`)) as { readonly default: Suite }
  const section = sectionOf(name, suite, await suite.run(scale), conditions)
  console.log(section)
  if (scale === 'full') writeSection(name, section)
}

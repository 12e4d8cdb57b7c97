// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what somebody else's template looks like

// What a hostile or careless caller passes where a key, a URL, a remark or a document is expected.

import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../sdk/index.js';

/** Whatever means something to SQL, to format(), to JSON, to a shell, a terminal or a font. */
const FRAGMENTS = [
  ...[
    "'",
    '"',
    "''",
    '""',
    '`',
    '\\',
    "\\'",
    '\\"',
    '\\\\',
    '\\n',
    '\\.',
    '\\N',
    '\\u0041',
    "E'\\x27'",
    'U&"\\0061"',
  ],
  ...[
    '%',
    '%%',
    '%I',
    '%L',
    '%s',
    '%1$s',
    '%1$I',
    '%99$L',
    '%-10s',
    '$1',
    '$2',
    '$10',
    '$$',
    '$body$',
    '$a$',
    ':x',
    '?',
    '@',
  ],
  ...[
    ';',
    '--',
    '/*',
    '*/',
    '/*/*',
    ',',
    '.',
    '..',
    '/',
    '|',
    '||',
    '&',
    '=',
    '<>',
    '<@',
    '::',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
  ],
  ...[
    "'; drop table dpg.items; --",
    '"; drop schema dpg cascade; --',
    "') or true --",
    "' union select * from canary --",
  ],
  ...[
    '$$; drop table public.canary; $$',
    '\\"; delete from public.canary; --',
    "x', null); truncate public.canary; --",
  ],
  ...[
    '; drop table items',
    '{a,b}',
    '{"a": 1}',
    '(1,2)',
    '[]',
    '{}',
    'null',
    'NULL',
    'true',
    'default',
    '0',
    '-1',
    '1e5',
    'NaN',
  ],
  ...[
    'i_p_',
    'a_p_',
    'e_p_',
    'i_p_yellowdot',
    'i_p_yellowdot_student',
    'a_p_yellowdot_connect',
    'yellow_dot',
    'yellowdot',
  ],
  ...[
    'pkey',
    'items',
    'dpg.items',
    'dpg_private.partition_names',
    'pg_catalog',
    'public.canary',
    'pg_temp',
    'user',
    '"user"',
  ],
  ...[
    '${x}',
    '#{x}',
    '{{x}}',
    '$(id)',
    '<script>',
    '&amp;',
    '../..',
    'C:\\x',
    '__proto__',
    'constructor',
    'toJSON',
    'length',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\t',
    '\v',
    '\f',
    ' ',
    '   ',
    '\u0001',
    '\b',
    '\u001b[31m',
    '\u007f',
    '\u0080',
    '\u0085',
    '\u00a0',
    '\u00ad',
  ],
  ...[
    'é',
    'e\u0301',
    '\u0301',
    'ß',
    'ẞ',
    'İ',
    'ı',
    'I',
    'ſ',
    'K',
    'ﬁ',
    'Ω',
    'Ǆ',
    '日本',
    '中国',
    'ไทย',
    'हिन्दी',
    '한국',
    'ｆｕｌｌ',
  ],
  ...[
    'العربية',
    'עברית',
    '\u061c',
    '\u200b',
    '\u200c',
    '\u200d',
    '\u200e',
    '\u200f',
    '\u202e',
    '\u2066',
    '\u2069',
    '\u2028',
    '\u2029',
  ],
  ...[
    '👩‍👩‍👧',
    '🏳️‍🌈',
    '😀',
    '👍🏽',
    '1️⃣',
    '𝒳',
    '𐍈',
    '\u{1f1ee}\u{1f1f3}',
    '\u{e0001}',
    '\u{f0000}',
    '\u{10ffff}',
    '\ufffd',
    '\ufffe',
    '\uffff',
    '\ufeff',
  ],
];

const fragment = fc.constantFrom(...FRAGMENTS);
// any character of any plane that is one; NUL is refused, which has tests of its own
const anything = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 8 })
  .map((text) => text.replaceAll('\0', '\u0001'));
const long = fc.tuple(fragment, fc.nat(130)).map(([text, times]) => text.repeat(times + 1));

export const text = fc.oneof(
  { weight: 3, arbitrary: fragment },
  {
    weight: 6,
    arbitrary: fc
      .array(fc.oneof(fragment, fragment, anything), { minLength: 2, maxLength: 6 })
      .map((parts) => parts.join('')),
  },
  { weight: 2, arbitrary: anything },
  { weight: 1, arbitrary: long },
);

const isBlank = (value: string) => /^[\s\u0085]*$/.test(value);

/** At most 120 characters, of which the longest have 480 bytes. */
export const key = text.map((value) => {
  const cut = [...value].slice(0, 120).join('');
  return isBlank(cut) ? `k${[...cut].slice(0, 119).join('')}` : cut;
});

/** At most 1,024 bytes. */
export const url = text.map((value) => {
  let cut = `${isBlank(value) ? 'u' : ''}${value}`;
  while (Buffer.byteLength(cut) > 1024) cut = [...cut].slice(0, -1).join('');
  return cut;
});

export const remarks = fc.oneof(
  { weight: 20, arbitrary: text },
  { weight: 1, arbitrary: fragment.map((part) => part.repeat(65_536 / Buffer.byteLength(part))) },
);

const number = fc.constantFrom(
  0,
  1,
  -1,
  0.1,
  1e-7,
  123456789.12345679,
  2 ** 53,
  1e308,
  5e-324,
  -1.7976931348623157e308,
);

const value = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((members) => Object.fromEntries(members)),
  ),
})).value;

/** Object.fromEntries makes a member of `__proto__`, too. */
export const document: fc.Arbitrary<JsonObject> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .array(fc.tuple(text, value), { maxLength: 4 })
      .map((members) => Object.fromEntries(members)),
  },
  { weight: 1, arbitrary: fc.tuple(text, fragment).map(([name, part]) => ({ [name]: part.repeat(2000) })) },
);

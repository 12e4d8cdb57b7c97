// URLs of instances have one form in the database and in the SDK. What is made up here runs through fast-check.
//
//   DPG_URL_SEED=…   the URLs of the run that failed, as its message said

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSameInstance, normalisedUrl } from '../../sdk/instance-url.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const seed = Number(process.env.DPG_URL_SEED || Date.now() % 2 ** 31);

/** What each is compared as, written out. */
const FORMS: [string, string][] = [
  ['https://tutor.example.com', 'https://tutor.example.com'],
  ['https://tutor.example.com/', 'https://tutor.example.com'],
  ['HTTPS://Tutor.EXAMPLE.com:443/', 'https://tutor.example.com'],
  ['http://tutor.example.com:80', 'http://tutor.example.com'],
  ['http://tutor.example.com:443', 'http://tutor.example.com:443'],
  ['https://tutor.example.com:80', 'https://tutor.example.com:80'],
  ['https://tutor.example.com:8443/', 'https://tutor.example.com:8443'],
  ['https://tutor.example.com/Dpg/', 'https://tutor.example.com/Dpg'],
  ['https://tutor.example.com//', 'https://tutor.example.com/'],
  ['https://tutor.example.com/?Q=/', 'https://tutor.example.com?Q=/'],
  ['https://tutor.example.com#Top/', 'https://tutor.example.com#Top/'],
  ['https://User:Pa@ss@Tutor.example.com:443/', 'https://User:Pa@ss@tutor.example.com'],
  ['https://[2001:DB8::443]', 'https://[2001:db8::443]'],
  ['https://[2001:DB8::1]:443/', 'https://[2001:db8::1]'],
  ['https://2001:db8::443', 'https://2001:db8::443'],
  ['https://B%C3%BCcher.example.com/%zz/', 'https://b%c3%bccher.example.com/%zz'],
  ['https://BÜCHER.example.com/', 'https://bÜcher.example.com'],
  ['https://İstanbul.example.com', 'https://İstanbul.example.com'],
  ['Student://123', 'student://123'],
  ['tutor.Example.com/', 'tutor.Example.com/'],
  ['URN:Tutor', 'URN:Tutor'],
  ['https://a.example.com\n/', 'https://a.example.com\n'],
  ['://A/', '://A/'],
  ['ftp://A:21/', 'ftp://a:21'],
  ['https://', 'https://'],
];

async function formsInDatabase(urls: string[]): Promise<string[]> {
  const rows = await database.sql<{ form: string }[]>`
    select dpg_private.normalised_url(u.url) as form
    from jsonb_array_elements_text(${JSON.stringify(urls)}::text::jsonb) with ordinality u(url, place)
    order by u.place`;
  return rows.map(({ form }) => form);
}

test.each(FORMS)('%j is compared as %j', (url, form) => {
  expect(normalisedUrl(url)).toBe(form);
});

test('the database agrees', async () => {
  expect(await formsInDatabase(FORMS.map(([url]) => url))).toEqual(FORMS.map(([, form]) => form));
});

test('SDK and database agree on thousands of URLs', async () => {
  const piece = fc.constantFrom(
    ...[
      'http',
      'HTTPS',
      'https',
      'hTtp',
      'student',
      ':',
      '//',
      '://',
      '/',
      '?',
      '#',
      '@',
      '[',
      ']',
      '.',
      '-',
      '\\',
    ],
    ...[
      ':80',
      ':443',
      ':8080',
      ':080',
      '%2F',
      '%',
      '::1',
      '[::1]',
      'a.Example',
      'EXAMPLE',
      'ü',
      'Ü',
      'İ',
      'ß',
      'K',
    ],
    ...[' ', '\n', '\t', '\u2028', '😀', 'user:Pass', 'path/To', '0', 'x'],
  );
  const url = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 10 }).map((pieces) => pieces.join('')),
    fc
      .tuple(fc.constantFrom('http://', 'HTTPS://', 'Https://', 'http:/'), fc.array(piece, { maxLength: 6 }))
      .map(([scheme, pieces]) => scheme + pieces.join('')),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
  );
  const urls = fc.sample(url, { numRuns: 6000, seed });
  expect(await formsInDatabase(urls), `DPG_URL_SEED=${seed}`).toEqual(urls.map(normalisedUrl));
});

test('two spellings are one instance, two instances are not', () => {
  expect(isSameInstance('https://Tutor.example.com:443/', 'https://tutor.example.com')).toBe(true);
  expect(isSameInstance('https://tutor.example.com', 'http://tutor.example.com')).toBe(false);
});

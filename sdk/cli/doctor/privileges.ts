// Who may do what, as sql/access/privileges.sql says. It states everything anew in each migration, so that its last text
// is the whole of it.

const FILE = 'access/privileges.sql';
const READS_ONLY = /p\.proname ~ '([^']+)' as reads_only/;
const ADMINISTRATION = /p\.proname in \(([^)]*)\) as is_administration/;
const OF_VIEWS = /p\.proname in \(([^)]*)\) as is_of_views/;
const GRANT = /^\s*grant (\w+)(?: \((\w+)\))?\s+on (schema )?([\w.,\s]+?)\s+to ([\w,\s]+);/gm;

export interface Grant {
  kind: 'schema' | 'table' | 'column';
  privilege: string;
  column: string | null;
  object: string;
  role: string;
}

function text(files: ReadonlyMap<string, string>): string {
  const found = files.get(FILE);
  if (found === undefined) throw new Error(`the migrations have no ${FILE}`);
  return found;
}

/** The roles that may call a function: none but its owner where it is private and no view calls it. */
export function callers(name: string, files: ReadonlyMap<string, string>): string[] {
  const readsOnly = READS_ONLY.exec(text(files))?.[1];
  const administration = ADMINISTRATION.exec(text(files))?.[1];
  const ofViews = OF_VIEWS.exec(text(files))?.[1];
  if (readsOnly === undefined || administration === undefined || ofViews === undefined)
    throw new Error(`${FILE} does not say in the way that is known here who may call which function`);
  const [schema, own = ''] = name.split('.');
  if (schema !== 'dpg') return ofViews.includes(`'${own}'`) ? ['dpg_app', 'dpg_readonly', 'dpg_admin'] : [];
  return [
    'dpg_admin',
    ...(administration.includes(`'${own}'`) ? [] : ['dpg_app']),
    ...(new RegExp(readsOnly).test(own) ? ['dpg_readonly'] : []),
  ];
}

/** What a function that was made anew needs: it is everybody's, until that is revoked. */
export function grantsOfFunction(signature: string, roles: string[]): string[] {
  return [
    `revoke all on function ${signature} from public;`,
    ...(roles.length > 0 ? [`grant execute on function ${signature} to ${roles.join(', ')};`] : []),
  ];
}

/** The grants on schemas, tables and columns. */
export function grants(files: ReadonlyMap<string, string>): Grant[] {
  const words = (list: string) => list.split(',').map((word) => word.trim());
  return [...text(files).matchAll(GRANT)].flatMap(
    ([, privilege = '', column, schema, objects = '', roles = '']) =>
      words(objects).flatMap((object) =>
        words(roles).map((role) => ({
          kind: schema ? 'schema' : column ? 'column' : 'table',
          privilege,
          column: column ?? null,
          object,
          role,
        })),
      ),
  );
}

export function grantStatement({ kind, privilege, column, object, role }: Grant): string {
  const what = column ? `${privilege} (${column})` : privilege;
  return `grant ${what} on ${kind === 'schema' ? `schema ${object}` : object} to ${role};`;
}

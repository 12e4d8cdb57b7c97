// Who may do what, as sql/access/privileges.sql says. It states everything anew in each migration, so that its last text
// is the whole of it.

const FILE = 'access/privileges.sql';
const LIST = /^\s*(\w+) constant text\[\] := array\[([^\]]*)\];/gm;
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

/** The roles that may call a function: none but its owner where no list names it. */
export function callers(name: string, files: ReadonlyMap<string, string>): string[] {
  const lists = new Map([...text(files).matchAll(LIST)].map(([, list = '', names = '']) => [list, names]));
  const named = (list: string) => {
    const names = lists.get(list);
    if (names === undefined)
      throw new Error(`${FILE} has no list ${list}: who may call which function is not known`);
    return names.includes(`'${own}'`);
  };
  const [schema, own = ''] = name.split('.');
  if (schema !== 'dpg') return named('used_by_views') ? ['dpg_app', 'dpg_readonly', 'dpg_admin'] : [];
  if (named('reading')) return ['dpg_admin', 'dpg_app', 'dpg_readonly'];
  if (named('writing')) return ['dpg_admin', 'dpg_app'];
  return named('administering') ? ['dpg_admin'] : [];
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

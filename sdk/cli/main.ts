import { randomUUID } from 'node:crypto';
import { packageVersion } from '../migrate/package-folder.js';
import { type Command, type DatabaseCommand, exitCodes, type Surroundings, UsageError } from './command.js';
import { commands } from './commands.js';
import { connect, databaseUrl, place, withoutPassword } from './connection.js';
import { connectionError, isConnectionLoss, isOfMissing, missingObjectError, told } from './errors.js';
import { commandHelp, help } from './help.js';
import { isRecorded } from './missing.js';
import { parseOptions, splitCommand } from './options.js';
import { plain } from './text.js';

/** Runs the command that the arguments name; the exit code. */
export async function main(args: string[]): Promise<number> {
  let command: Command | undefined;
  let url = '';
  try {
    const { name, rest } = asked(splitCommand(args));
    command = name === undefined ? undefined : commandNamed(name);
    const { values, positionals } = parseOptions(rest, command);
    if (values.version) return print(packageVersion());
    if (values.help) return print(command ? commandHelp(command) : help(commands));
    if (!command) throw new UsageError(`no command is named: ${names()}`);
    const surroundings = surroundingsOf(command, { json: values.json === true, values, positionals });
    if (command.needsDatabase === false) return await command.run(surroundings);
    url = databaseUrl(values['database-url']);
    return await run(command, url, surroundings);
  } catch (error) {
    const { exitCode, lines } = told(error, command);
    process.stderr.write(withoutPassword(`dpg-database: ${lines.map(plain).join('\n')}\n`, url));
    return exitCode;
  }
}

/** `help [command]` is `[command] --help`. */
function asked({ name, rest }: ReturnType<typeof splitCommand>): ReturnType<typeof splitCommand> {
  return name === 'help' ? splitCommand([...rest, '--help']) : { name, rest };
}

function surroundingsOf(
  { name }: Command,
  { json, values, positionals }: Pick<Surroundings, 'json' | 'values' | 'positionals'>,
): Surroundings {
  return {
    json,
    values,
    positionals,
    write: (text = '') => process.stdout.write(`${text}\n`),
    writeJson: (document) => process.stdout.write(`${asJson({ command: name, ...document })}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  };
}

async function run(command: DatabaseCommand, url: string, surroundings: Surroundings): Promise<number> {
  const sql = connect(url);
  try {
    // by itself, so that nothing that goes wrong later is taken for it
    await sql`select 1`.catch((error: unknown) => {
      throw connectionError(error, place(sql));
    });
    return await command.run({ ...surroundings, sql, url });
  } catch (error) {
    if (isConnectionLoss(error)) throw connectionError(error, place(sql));
    throw isOfMissing(error) && (await isRecorded(sql)) ? missingObjectError(error) : error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function commandNamed(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw new UsageError(`there is no command '${name}': ${names()}`);
  return command;
}

const names = () => `it is one of ${commands.map(({ name }) => name).join(', ')}`;

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return exitCodes.fine;
}

/** A bigint as a number: JSON's are as long as one likes. */
function asJson(document: object): string {
  const mark = randomUUID();
  const marked = JSON.stringify(
    document,
    (_, value) => (typeof value === 'bigint' ? `${mark}${value}` : value),
    2,
  );
  return marked.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Command, type Context, type Option, UsageError } from './command.js';

/** The options of every command. */
export const commonOptions: Record<string, Option> = {
  'database-url': {
    type: 'string',
    value: '<url>',
    description: 'postgres://user:password@host:5432/database; DATABASE_URL unless told',
  },
  json: { type: 'boolean', description: 'one JSON document on standard output, for programs' },
  help: { type: 'boolean', short: 'h', description: 'this help' },
  version: { type: 'boolean', short: 'v', description: 'the version of the package' },
};

/** Without those that are of no use to the command. */
export function optionsBesides(command?: Command): Record<string, Option> {
  if (command?.needsDatabase !== false) return commonOptions;
  const { 'database-url': _, ...others } = commonOptions;
  return others;
}

type Parsed = Pick<Context, 'values' | 'positionals'>;

function configuration(options: Record<string, Option>): NonNullable<ParseArgsConfig['options']> {
  const entries = Object.entries(options).map(([name, { type, short, multiple }]) => [
    name,
    { type, ...(short && { short }), ...(multiple && { multiple }) },
  ]);
  return Object.fromEntries(entries);
}

/** The first argument that is no option, and the others. */
export function splitCommand(args: string[]): { name: string | undefined; rest: string[] } {
  const { tokens } = parseArgs({
    args,
    options: configuration(commonOptions),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find(({ kind }) => kind === 'positional');
  if (!first) return { name: undefined, rest: args };
  return { name: args[first.index], rest: args.filter((_, index) => index !== first.index) };
}

/** @throws {UsageError} */
export function parseOptions(args: string[], command?: Command): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: configuration({ ...command?.options, ...optionsBesides(command) }),
      allowPositionals: command?.positionals !== undefined,
    });
    return { values: values as Parsed['values'], positionals };
  } catch (error) {
    // the rest of Node's message is about arguments that begin with a dash
    throw new UsageError((error as Error).message.split('. To specify')[0]?.replace(/\.$/, ''));
  }
}

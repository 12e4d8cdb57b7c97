import { type Command, exitCodes, type Option } from './command.js';
import { commonOptions, optionsBesides } from './options.js';

const EXIT_CODES: [keyof typeof exitCodes, string][] = [
  ['fine', 'all is well, or done'],
  ['found', 'something was found that somebody should look at'],
  ['usage', 'wrong usage; nothing was sent'],
  ['connection', 'no connection to the database'],
  ['refused', 'refused; the message says what to do'],
];

export function help(commands: readonly Command[]): string {
  return [
    'Usage: dpg-database <command> [options]',
    '',
    'Sets up and looks after the database of dpg-database.',
    '',
    'Commands:',
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Options of all commands:',
    ...optionLines(commonOptions),
    '',
    'Exit codes:',
    ...columns(EXIT_CODES.map(([name, meaning]) => [String(exitCodes[name]), meaning])),
    '',
    'dpg-database <command> --help says more of each.',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const own = command.options ? ['', 'Options:', ...optionLines(command.options)] : [];
  return [
    usage(command),
    '',
    command.help.trim(),
    ...own,
    '',
    'Options of all commands:',
    ...optionLines(optionsBesides(command)),
  ].join('\n');
}

export function usage({ name, positionals }: Command): string {
  return ['Usage: dpg-database', name, '[options]', positionals].filter(Boolean).join(' ');
}

function optionLines(options: Record<string, Option>): string[] {
  return columns(
    Object.entries(options).map(([name, { short, value, description }]) => [
      [short ? `-${short}, ` : '', `--${name}`, value ? ` ${value}` : ''].join(''),
      description,
    ]),
  );
}

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

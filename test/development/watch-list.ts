// Whether sql/all.sql lists the files that are there: graphile-migrate follows those that it lists, and says nothing of others.
// Of one that is listed and is not there it says enough itself.

import { watch } from 'node:fs';
import { listedFiles, listMistakes, presentFiles, sqlFolder } from '../support/migrations.js';

/** Says what is wrong with the list, at first and as it changes, until it is closed. */
export async function watchList(say: (line: string) => void, folder = sqlFolder): Promise<{ close(): void }> {
  let said: string[] = [];
  const look = async () => {
    const all = listMistakes(await listedFiles(folder), await presentFiles(folder));
    const mistakes = all.filter((mistake) => !mistake.endsWith(', which is not there'));
    for (const mistake of mistakes.filter((each) => !said.includes(each)))
      say(
        / does not list /.test(mistake)
          ? `${mistake}: it does not run, and no migration will have it`
          : mistake,
      );
    said = mistakes;
  };
  let pause: NodeJS.Timeout | undefined;
  const files = watch(folder, { recursive: true }, (_, name) => {
    if (!name?.endsWith('.sql')) return;
    clearTimeout(pause);
    // an editor may write a file in several steps, and take it away in between
    pause = setTimeout(() => look().catch((error: Error) => say(error.message)), 200);
  });
  await look();
  return {
    close() {
      clearTimeout(pause);
      files.close();
    },
  };
}

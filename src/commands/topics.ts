import { TOPICS } from '../contract/topics.js';
import { printResult } from './cli.js';
import { openKafka } from './simulate.js';

/** `wardstream topics create|list`. */
export async function topics(
  action: 'create' | 'list',
  { config, json }: { readonly config: string; readonly json: boolean },
): Promise<void> {
  const bus = await openKafka(config);
  try {
    const names = Object.values(TOPICS);
    const created = action === 'create' ? await bus.createTopics(names) : [];
    const present = (await bus.listTopics()).filter(({ name }) => (names as string[]).includes(name));
    if (json) {
      const missing = names.filter((name) => !present.some((topic) => topic.name === name));
      printResult({ topics: present, created, missing }, true);
      return;
    }
    for (const name of names) {
      const partitions = present.find((topic) => topic.name === name)?.partitions;
      const state = partitions === undefined ? 'missing' : `${partitions} partitions`;
      process.stdout.write(`${name.padEnd(18)} ${state}${created.includes(name) ? ', created' : ''}\n`);
    }
  } finally {
    await bus.close();
  }
}

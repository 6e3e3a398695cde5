/** Databases of one log at most: a topic has one a partition. */
const MAX_DATABASES = 2048;

/** A transaction is on the disk before it counts as committed. */
export const ROOT_OPTIONS = { encoding: 'binary', maxDbs: MAX_DATABASES, overlappingSync: false } as const;
export const DATABASE_OPTIONS = { encoding: 'binary' } as const;
/** What is known of topics, groups and trimmed records, as JSON. */
export const ABOUT = 'about';

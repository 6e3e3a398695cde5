// npm run api: writes docs/settings.md from the schema of the settings. A test compares them.
import { writeFileSync } from 'node:fs';
import { settingsDocument } from '../dist/settings/document.js';

writeFileSync('docs/settings.md', settingsDocument());

// npm run api: writes docs/openapi.yaml and docs/asyncapi.yaml from the built server's schemas. A test compares them.
import { writeFileSync } from 'node:fs';
import { apiDocuments } from '../dist/server/documents.js';

for (const [file, text] of Object.entries(apiDocuments())) writeFileSync(file, text);
